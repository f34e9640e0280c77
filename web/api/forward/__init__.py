"""The doors for web servers that can only make a subrequest (forward-auth), and the login behind them.

Who attacks this: a client behind the proxy, who sends whatever headers it
likes, in whatever spelling. So each kind of proxy has an address of its own,
at which one family of headers counts, and the service must have been entered
as that kind. Where the proxy is configured by us, the names hold no `-`: a
WSGI server cannot tell `X_Forwarded_Uri` from `X-Forwarded-Uri`, and some
proxies pass both. Identity headers that a client sends refuse the request. Who
cannot be authenticated as a proxy gets 401 and learns nothing.

Nothing is ever permitted by accident of HTTP: only a permit is answered with
2xx, no OPTIONS is answered by the framework, and towards proxies that
understand 2xx, 401 and 403 only, nothing is redirected.

The session is named by a token or by a cookie of the site's own host, which is
got by a code from a login at ours (``flows.site_login``).
Source: ``docs/forward-auth.md``, and the manuals of the proxies named there.
"""

from __future__ import annotations

from web.api.forward import door, site

BLUEPRINTS = (door.api, site.api)
