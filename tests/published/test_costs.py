"""The benchmark's table as a page shows it."""

import pytest

from srfp_lib.common.errors import UserError
from srfp_lib.published import catalogue
from srfp_lib.published.costs import costs

HEAD = "family,variant,scale,lr,cpu_seconds,extra_mb,times_faster,memory_share\n"


def test_every_network_of_our_families_has_a_row():
    found, rows = costs(), catalogue().query("module not in ('ncnn', 'spandrel')")
    assert {f"{f} {s}X" for f, s in zip(rows["family"], rows["scale"], strict=True)} == {
        f"{n.split()[0]} {s}" for n, s in zip(found["network"], found["scale"], strict=True)
    }


def test_both_sizes_stand_side_by_side(tmp_path):
    (tmp_path / "b.csv").write_text(f"{HEAD}SAN,,4,480x320,100,400.4,,\nSAN,,4,120x80,4,100,10.25,0.097\n")
    small = {"120x80: s": "4.0", "120x80: times faster": "10.25", "120x80: MB": "100", "120x80: % of the memory": "10"}
    large = {"480x320: s": "100.0", "480x320: times faster": "–", "480x320: MB": "400", "480x320: % of the memory": "–"}
    assert costs(tmp_path / "b.csv").to_dict("records") == [{"network": "SAN", "scale": "4X"} | small | large]


@pytest.mark.parametrize("content", [None, "", "family,scale\nSAN,4\n"])
def test_a_damaged_benchmark_is_named(tmp_path, content):
    if content is not None:
        (tmp_path / "b.csv").write_text(content)
    with pytest.raises(UserError, match=r"the benchmark '.*b.csv' cannot be read"):
        costs(tmp_path / "b.csv")
