"""Tables are small, exact, dated, and honest about what they do not know."""

import importlib.util
import re
from datetime import date
from ipaddress import ip_address
from pathlib import Path

import pytest

from crypto.digests import sha256_hex
from evidence.tables import Tables

DATA = Path(__file__).parents[2] / "evidence" / "data"
MADE = date(2026, 1, 2)
INPUTS = {
    "country/geo-whois-asn-country-ipv4.csv": "1.0.0.0,1.0.0.255,AU\n1.0.1.0,1.0.3.255,CN\n"
    "1.0.9.0,1.0.9.255,US\n1.0.9.128,1.0.9.255,CA\n255.0.0.0,255.255.255.255,JP\n",
    "country/geo-whois-asn-country-ipv6.csv": "2001:200::,2001:200:ffff:ffff:ffff:ffff:ffff:ffff,JP\n"
    "2a00:1::,2a00:1::7fff:ffff:ffff:ffff,GB\n2a00:1:0:0:8000::,2a00:1::ffff:ffff:ffff:ffff,FR\n",
    "asn/asn-ipv4.csv": '1.0.0.0,1.0.0.255,13335,"Cloudflare, Inc."\n1.0.1.0,1.0.1.255,16276,OVH  SAS\n'
    "1.0.2.0,1.0.2.255,0,\n",
    "asn/asn-ipv6.csv": "2001:200::,2001:200:ffff:ffff:ffff:ffff:ffff:ffff,2500,WIDE Project\n",
}


@pytest.fixture(scope="module")
def packaged():
    return Tables.packaged()


def build(source, target):
    for name, text in INPUTS.items():
        path = source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("build_tables", DATA / "build_tables.py")
    assert spec is not None
    assert spec.loader is not None
    builder = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(builder)
    places = ["--country", str(source / "country"), "--asn", str(source / "asn"), "--target", str(target)]
    builder.main(["--date", MADE.isoformat(), *places])
    (target / "hosting-asn.json").write_bytes((DATA / "hosting-asn.json").read_bytes())
    return target


@pytest.fixture
def built(tmp_path):
    target = tmp_path / "tables"
    target.mkdir()
    return build(tmp_path, target)


def test_an_address_is_found_in_the_range_that_holds_it(built):
    facts = Tables(built).lookup(ip_address("1.0.0.77"))

    assert (facts.country, facts.asn, facts.as_name) == ("AU", 13335, "Cloudflare, Inc.")
    assert facts.hosting is False
    assert facts.table_date == MADE


@pytest.mark.parametrize(
    ("address", "country", "asn"),
    [
        ("0.255.255.255", None, None),
        ("1.0.0.0", "AU", 13335),
        ("1.0.0.255", "AU", 13335),
        ("1.0.1.0", "CN", 16276),
        ("1.0.2.0", "CN", None),
        ("1.0.3.255", "CN", None),
        ("1.0.4.0", None, None),
        ("2001:200::", "JP", 2500),
        ("2001:200:ffff:ffff:ffff:ffff:ffff:ffff", "JP", 2500),
        ("2001:201::", None, None),
    ],
)
def test_the_edges_of_a_range_are_exact(built, address, country, asn):
    facts = Tables(built).lookup(ip_address(address))

    assert (facts.country, facts.asn) == (country, asn)


def test_hosting_is_known_only_where_the_network_is(built):
    tables = Tables(built)

    assert tables.lookup(ip_address("1.0.1.9")).hosting is True
    assert tables.lookup(ip_address("1.0.3.9")).hosting is None


def test_where_the_source_contradicts_itself_the_answer_is_unknown(built):
    tables = Tables(built)

    assert tables.lookup(ip_address("1.0.9.1")).country == "US"
    assert tables.lookup(ip_address("1.0.9.200")).country is None
    assert tables.lookup(ip_address("2a00:1::1")).country is None


def test_a_rebuild_of_the_same_inputs_gives_the_same_bytes(built, tmp_path):
    again = tmp_path / "again"
    again.mkdir()
    build(tmp_path, again)

    assert all(path.read_bytes() == (again / path.name).read_bytes() for path in built.iterdir())


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0", "10.0.0.1", "100.64.0.1", "127.0.0.1", "169.254.1.1", "192.168.1.1", "224.0.0.1",
        "255.255.255.255", "::1", "fe80::1", "fd00::1", "2001:db8::1", "ff02::1", "2002:808:808::1",
        "64:ff9b::808:808", "::ffff:10.0.0.1",
    ],
)  # fmt: skip
def test_private_special_and_relayed_addresses_are_unknown(packaged, address):
    facts = packaged.lookup(ip_address(address))

    assert (facts.country, facts.asn, facts.as_name, facts.hosting) == (None, None, None, None)


@pytest.mark.parametrize(
    ("address", "country", "asn", "hosting"),
    [
        ("8.8.8.8", "US", 15169, True),
        ("::ffff:8.8.8.8", "US", 15169, True),
        ("2001:4860:4860::8888", "US", 15169, True),
        ("81.2.69.142", "GB", 20712, False),
    ],
)
def test_the_packaged_tables_know_well_known_addresses(packaged, address, country, asn, hosting):
    facts = packaged.lookup(ip_address(address))

    assert (facts.country, facts.asn, facts.hosting) == (country, asn, hosting)
    assert facts.as_name


def test_every_packaged_table_shows_its_age_licence_and_size(packaged):
    infos = packaged.versions()

    assert {info.name for info in infos} == {
        "country-ipv4", "country-ipv6", "asn-ipv4", "asn-ipv6", "as-names", "hosting-asn",
    }  # fmt: skip
    assert all(info.licence and info.source and info.entries > 500 for info in infos)
    assert packaged.lookup(ip_address("8.8.8.8")).data_version.startswith(f"{infos[0].date}+")


def test_the_sources_name_every_file_with_its_digest_and_none_is_large():
    text = (DATA / "SOURCES.md").read_text(encoding="utf-8")
    listed = dict(re.findall(r"\| `([\w.-]+)` \| `([0-9a-f]{64})` \|", text))
    files = [path for path in DATA.iterdir() if path.suffix in (".xz", ".json")]

    assert listed == {path.name: sha256_hex(path.read_bytes()) for path in files}
    assert all(path.stat().st_size < 2_000_000 for path in files)


def test_a_table_that_is_broken_or_in_another_place_is_refused(built):
    good = (built / "country-ipv4.xz").read_bytes()
    (built / "country-ipv4.xz").write_bytes(good[: len(good) // 2])

    with pytest.raises(ValueError, match="cannot be unpacked"):
        Tables(built)

    (built / "country-ipv4.xz").write_bytes((built / "country-ipv6.xz").read_bytes())

    with pytest.raises(ValueError, match="not a table of this format"):
        Tables(built)
