"""Models of the covered family, each with strategies for rules, links and questions that often meet."""

from hypothesis import strategies as st

from policies.casbin import compiled, model

ALLOW = "some(where (p.eft == allow))"
BOTH = f"{ALLOW} && !some(where (p.eft == deny))"
NAMES = ("alice", "bob", "admin", "staff", "root")
OBJECTS = ("data1", "data2", "/a", "/a/1", "/a/1/x", "/b/2", "/a.b", "/aXb")
PATTERNS = {
    "keyMatch": ("/a", "/a*", "/a/*", "*", "data1"),
    "keyMatch2": ("/a", "/a/:id", "/a/*", "/:x/:y/x", "data1"),
    "keyMatch3": ("/a", "/a/{id}", "/a/*", "/{x}/{y}/x", "data1"),
    "keyMatch4": ("/a/{id}", "/{x}/{x}", "/a/*", "data1"),
    "keyMatch5": ("/a/{id}", "/a/*", "data1"),
    "regexMatch": ("^/a$", "^/a/[0-9]+$", "^(/a|data1)$", "^.*$"),
    "globMatch": ("/a", "/*", "/a/*", "/?", "data[12]", "*"),
}
ACTIONS = ("read", "write", "*")
DOMAINS = ("d1", "d2")


def conf(parameters, columns, matcher, roles=(), effect=BOTH):
    kinds = "\n".join(f"{name} = {form}" for name, form in roles)
    roles_section = f"[role_definition]\n{kinds}\n" if roles else ""
    return (
        f"[request_definition]\nr = {parameters}\n[policy_definition]\np = {columns}\n{roles_section}"
        f"[policy_effect]\ne = {effect}\n[matchers]\nm = {matcher}\n"
    )


# name: (model, strategies of the columns, strategies of the links by kind, strategies of a request)
names, objects, actions, domains = (st.sampled_from(v) for v in (NAMES, OBJECTS, ACTIONS, DOMAINS))
few, verbs = st.sampled_from(OBJECTS[:3]), st.sampled_from(ACTIONS[:2])
effects = st.sampled_from(["allow", "allow", "deny"])
link, in_domain = st.tuples(names, names), st.tuples(names, names, domains)
WORLDS: dict[str, tuple] = {
    "acl": (
        conf("sub, obj, act", "sub, obj, act, eft", "r.sub == p.sub && r.obj == p.obj && r.act == p.act"),
        (names, few, verbs, effects),
        {},
        (names, few, verbs),
    ),
    "root and stars": (
        conf(
            "sub, obj, act",
            "sub, obj, act, eft",
            '(p.sub == "*" || r.sub == p.sub) && (r.obj == p.obj || p.obj == "*")'
            ' && r.act == p.act || r.sub == "root"',
        ),
        (st.sampled_from([*NAMES, "*"]), st.sampled_from([*OBJECTS, "*"]), actions, effects),
        {},
        (names, objects, actions),
    ),
    "roles": (
        conf(
            "sub, obj, act",
            "sub, obj, act, eft",
            "g(r.sub, p.sub) && r.obj == p.obj && r.act == p.act",
            [("g", "_, _")],
        ),
        (names, few, verbs, effects),
        {"g": link},
        (names, few, verbs),
    ),
    "resource roles": (
        conf(
            "sub, obj, act",
            "sub, obj, act, eft",
            "g(r.sub, p.sub) && g2(r.obj, p.obj) && (p.act == '*' || r.act == p.act)",
            [("g", "_, _"), ("g2", "_, _")],
        ),
        (names, st.sampled_from([*OBJECTS, "group"]), actions, effects),
        {"g": link, "g2": st.tuples(objects, st.sampled_from(["group", "group2", "data1"]))},
        (names, objects, actions),
    ),
    "domains": (
        conf(
            "sub, dom, obj, act",
            "sub, dom, obj, act, eft",
            "g(r.sub, p.sub, r.dom) && r.dom == p.dom && r.obj == p.obj && r.act == p.act",
            [("g", "_, _, _")],
        ),
        (names, domains, few, verbs, effects),
        {"g": in_domain},
        (names, domains, few, verbs),
    ),
    "domain of the rule": (
        conf(
            "sub, obj, act",
            "sub, dom, obj, act, eft",
            "g(r.sub, p.sub, p.dom) && !(r.obj != p.obj) && p.act == r.act && r.act in ('read', 'write')",
            [("g", "_, _, _")],
        ),
        (names, domains, few, verbs, effects),
        {"g": in_domain},
        (names, few, verbs),
    ),
    "rebac": (
        conf(
            "sub, obj, act",
            "role, kind, act, eft",
            "g(r.sub, r.obj, p.role) && g2(r.obj, p.kind) && r.act == p.act",
            [("g", "_, _, _"), ("g2", "_, _")],
        ),
        (st.sampled_from(["owner", "reader"]), st.sampled_from(["doc", "data1"]), verbs, effects),
        {
            "g": st.tuples(names, few, st.sampled_from(["owner", "reader"])),
            "g2": st.tuples(few, st.just("doc")),
        },
        (names, few, verbs),
    ),
    "not a member": (
        conf(
            "sub, obj, act",
            "sub, obj, act, eft",
            "!g(r.sub, p.sub) && r.obj == p.obj && (r.act == p.act || p.act == '*')",
            [("g", "_, _")],
        ),
        (names, objects, actions, effects),
        {"g": link},
        (names, objects, actions),
    ),
    **{
        name: (
            conf(
                "sub, obj, act",
                "sub, obj, act, eft",
                f"g(r.sub, p.sub) && {name}(r.obj, p.obj) && r.act == p.act",
                [("g", "_, _")],
            ),
            (names, st.sampled_from(patterns), actions, effects),
            {"g": link},
            (names, objects, actions),
        )
        for name, patterns in PATTERNS.items()
    },
    "paths or groups": (
        conf(
            "sub, obj, act",
            "sub, obj, act, eft",
            "g(r.sub, p.sub) && (keyMatch2(r.obj, p.obj) || g2(r.obj, p.obj)) && r.act == p.act",
            [("g", "_, _"), ("g2", "_, _")],
        ),
        (names, st.sampled_from([*PATTERNS["keyMatch2"], "group"]), actions, effects),
        {"g": link, "g2": st.tuples(objects, st.just("group"))},
        (names, objects, actions),
    ),
}


def written(data, name, *, rules=12, links=8):
    """Draw a policy of the world *name*: its text, and its model's."""
    conf_text, columns, kinds, _ = WORLDS[name]
    drawn = data.draw(st.lists(st.tuples(*columns), min_size=1, max_size=rules))
    lines = ["p, " + ", ".join(row) for row in drawn]
    for kind, fields in kinds.items():
        found = data.draw(st.lists(fields, max_size=links, unique=True))
        lines += [f"{kind}, " + ", ".join(row) for row in found]
    return conf_text, "\n".join(lines)


def loaded(conf_text, text):
    """Return the policy, which must be without errors."""
    read, problems = model.read(conf_text)
    assert read is not None, problems
    found = compiled.load(text, read)
    assert found.policy is not None, found.problems
    return found.policy


def requests(name):
    """Ten questions to the world *name*, each value given."""
    return st.lists(st.tuples(*WORLDS[name][3]), min_size=10, max_size=10)
