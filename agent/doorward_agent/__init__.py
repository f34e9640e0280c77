"""The posture agent of Doorward: look, sign, send, and show what was sent.

Answers: what does this computer say about itself, and was it said with an
enrolled key? Does not decide anything, and changes nothing on the computer.
Imports nothing of the broker; the wire protocol is in ``docs/agent.md``.
"""

__version__ = "0.1.0"
