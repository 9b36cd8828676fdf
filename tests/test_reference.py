"""What is kept of a finished run."""

from srfp_lib.pages import reference

HEAD = "photograph,file,role,fold,source,licence,credit,width,height,sha256,n_tiles,note"


def test_photographs_of_an_open_set_are_kept_with_their_licence(tmp_path):
    """Those of other folders stay without one, and a package's keep what it says."""
    rows = [
        "kodim04,kodim04.png,classify,2,folder,,,9,9,x,1,",
        "mine,mine.png,div2k,-1,folder,,,9,9,y,1,",
        "cat,d/cat.png,classify,0,skimage,CC0,N. N.,9,9,z,1,",
    ]
    (tmp_path / "photographs.csv").write_text("\n".join([HEAD, *rows]) + "\n")
    kept = reference._photographs(tmp_path / "photographs.csv").set_index("photograph")
    assert list(kept.columns) == ["role", "fold", "source", "licence", "credit"]
    assert kept.loc["kodim04", "source"].startswith("open set ") and "Kodak" in kept.loc["kodim04", "credit"]
    assert kept.loc["mine", "source"] == "folder" and kept.loc[["mine"], ["licence", "credit"]].isna().all(axis=None)
    assert kept.loc["cat", ["source", "licence", "credit"]].tolist() == ["skimage", "CC0", "N. N."]


def test_the_reference_run_names_its_photographs():
    kept, about = reference.table("photographs"), reference.about()
    assert kept is not None and kept["photograph"].is_unique and kept["licence"].notna().all()
    counted = reference.table("table_a1")
    assert len(kept[kept["fold"] >= 0]) <= about["profile"]["photographs"]["max_images"]
    assert (kept["role"] == "div2k").sum() == counted.loc[counted["role"].eq("div2k"), "n_images"].sum()
