import pytest

from tests.photos.fake_flickr import FakeFlickr, built


@pytest.fixture(scope="session")
def whole(tmp_path_factory):
    """A set of Flickr's made in one run: its folder and rows."""
    folder = tmp_path_factory.mktemp("flickr") / "set"
    return folder, built(folder, FakeFlickr(each=60))
