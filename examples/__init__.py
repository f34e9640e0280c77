"""Two small services that use Doorward, as a team that runs one would write them.

They import nothing of the broker: what they need is HTTP, OAuth and AuthZEN.
"""
