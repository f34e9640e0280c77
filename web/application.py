"""Put the Flask object together: edge, pages, doors. Composed by ``app.py``."""

from __future__ import annotations

from flask import Flask

from flows.parts import Parts
from web import edge, observe, problems
from web.api import agent as agent_api
from web.api import authzen, forward, oauth, reference
from web.api.forward.door import Target
from web.door import Door
from web.edge import Networks
from web.pages import access, admin, authorize, keys, own_keys, presence, session, sites
from web.templating import install as install_templates


def make(parts: Parts, *, trusted_proxies: Networks, proxy_header: str, metrics_from: Networks) -> Flask:
    """Return the application that serves *parts*."""
    app = Flask("web", static_folder="static", template_folder="templates")
    app.extensions["doorward"] = parts
    app.url_map.converters["target"] = Target
    app.json.sort_keys = False  # type: ignore[attr-defined]
    edge.install(app, trusted=trusted_proxies, proxy_header=proxy_header)
    problems.register(app)
    observe.install(app, metrics_from=metrics_from)
    install_templates(app)
    for blueprint in (
        session.pages,
        access.pages,
        keys.pages,
        own_keys.pages,
        presence.pages,
        authorize.pages,
        sites.pages,
        agent_api.api,
        oauth.api,
        *authzen.BLUEPRINTS,
        *forward.BLUEPRINTS,
        reference.api,
        *admin.BLUEPRINTS,
    ):
        app.register_blueprint(blueprint)
    door = Door(app.wsgi_app, parts, trusted=trusted_proxies, proxy_header=proxy_header)
    app.wsgi_app = door  # type: ignore[method-assign]
    return app
