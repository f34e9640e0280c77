"""The images, built once, and what is removed after the tests."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest

from tests.image.machine import Machine

IMAGE = "localhost/doorward:latest"


@pytest.fixture(scope="session")
def machine() -> Iterator[Machine]:
    """Buildah and Podman with the three images, or a skip with the reason."""
    missing = [name for name in ("podman", "buildah") if shutil.which(name) is None]
    if missing:
        if os.environ.get("CI") == "true":
            pytest.fail(f"required in CI: {missing}")
        pytest.skip(f"not installed: {', '.join(missing)} (tools/image-test installs them on Debian)")
    found = Machine()
    found.need_base()
    revision = found.call("git", "rev-parse", "HEAD", check=False).stdout.strip() or "unknown"
    found.build(IMAGE, "docker/Dockerfile", ".", "--build-arg", f"REVISION={revision}")
    for name in ("postgres", "nginx"):
        found.build(f"localhost/doorward-{name}:latest", f"docker/{name}/Dockerfile", f"docker/{name}")
    yield found
    found.podman("rm", "--all", "--force", "--time", "0", "--volumes")
    found.podman("volume", "prune", "--force")
