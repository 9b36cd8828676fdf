"""Reference cases: the rule of their weights, passing, failing, broken ones. The cases here are made by our own networks."""

import json

import numpy as np
import pytest

from srfp_lib.common.errors import UserError
from srfp_lib.published import network
from srfp_lib.published.reference_cases import Recipe, check, load_seeded, normal, seeded

ENHANCENET, EDSR = "EnhanceNet-NA-x4-EnhanceNet-NA-pretrained", "EDSR-div2k-x2-L1-NA-pretrained"
SRFBN, SPSR = "SRFBN-NA-x2-L1-NA-pretrained", "SPSR-div2k-x4-SPSR_GAN-NA-pretrained"
LIIF, NLSN = "LIIF-div2k-x2-L1-NA-pretrained", "NLSN-div2k-x2-L1-NA-pretrained"
LR = np.random.default_rng(0).integers(0, 256, (24, 21, 3), np.uint8)


def write(folder, model_id, variant="", *, gain=0.7, bias=0.01, options=None, **fields):
    """A case whose results are what our network gives; and its tensors."""
    found = network(model_id, variant)
    load_seeded(found, Recipe(found.row.family, "test", gain, bias))
    results = {name: found.upscale(LR, **o) for name, o in (options or {"out": {}}).items()}
    texts = {"model_id": model_id, "variant": variant, "case": "test", "scale": found.row.scale, "keys": "k.json"}
    path = folder / "case.npz"
    np.savez(path, **({"lr": LR, "gain": gain, "bias": bias, "overrides": "[]"} | results | texts | fields))
    return path, found.state_dict()


def test_the_rules_check_values():
    assert (0.5 / np.sqrt(3) * normal("demo", "a.weight", (2, 3))[0]).tolist() == pytest.approx([-0.07209359, 0.4910405, 0.15702020])
    recipe = Recipe("EDSR", "demo", 0.5, 0.02)
    assert seeded(recipe, "n.weight", (3,)).tolist() == pytest.approx([0.84963328, 1.12217033, 0.96927702])
    assert seeded(recipe, "n.bias", (3,)).tolist() == pytest.approx([-0.00167706, 0.01060196, -0.01019873], rel=1e-5)
    assert seeded(Recipe("SAN", "demo", 0.5, 0.3), "gamma", (1,)) == pytest.approx(0.3 * normal("demo", "gamma", (1,)), rel=1e-6)
    assert seeded(recipe, "bn.running_var", (9,)).min() >= 1


def test_overrides_by_their_ending():
    recipe = Recipe("SAN", "c", 0.6, 0.3, (("theta.weight", 0.1), ("weight", 0.2)))
    whole = normal("c", "x.theta.weight", (2, 5)) / np.sqrt(5)
    assert seeded(recipe, "x.theta.weight", (2, 5)) == pytest.approx(0.1 * whole, rel=1e-5)
    assert seeded(recipe, "y.weight", (2, 5)) == pytest.approx(0.2 * normal("c", "y.weight", (2, 5)) / np.sqrt(5), rel=1e-5)


def test_families_that_leave_the_rule():
    def made(family, name, shape):
        return seeded(Recipe(family, "c", 1.0, 0.01), name, shape)

    flow = "flowUpsamplerNet.layers"
    assert made("EnhanceNet", "generator/Conv/weights", (3, 3, 4, 2)).std() == pytest.approx(1 / 6, rel=0.3)
    assert made("SRFBN", "out.1.weight", (1,)) == pytest.approx(0.2 + 0.05 * normal("c", "out.1.weight", (1,)), rel=1e-6)
    assert np.array_equal(made("SPSR", "HR_conv0_new.0.weight", (2, 2, 3, 3)), made("SPSR", "model.8.weight", (2, 2, 3, 3)))
    mixing = made("NCSR", f"{flow}.1.invconv.weight", (64, 64))
    assert np.abs(np.linalg.svd(mixing, compute_uv=False) - 1).max() < 0.25
    for name, centre in {"1.actnorm.bias": -0.5, "2.actnorm.bias": 0, "2.actnorm.logs": 0, "18.actnorm.logs": 0.2,
                         "22.actnorm.logs": 0, "42.actnorm.logs": 0.2, "3.affine.fAffine.0.actnorm.logs": 0}.items():  # fmt: skip
        assert made("NCSR", f"{flow}.{name}", (1, 400, 1, 1)).mean() == pytest.approx(centre, abs=0.02)
    for name, gain in {"3.affine.fAffine.0.weight": 0.15, "3.affine.fAffine_std.0.weight": 1.4, "3.affine.fAffine.2.weight": 1.4,
                       "3.affine.fFeatures.4.weight": 0.2, "19.conv.weight": 0.2}.items():  # fmt: skip
        assert made("NCSR", f"{flow}.{name}", (40, 4, 3, 3)).std() == pytest.approx(gain / 6, rel=0.1)


def test_cases_pass_and_one_wrong_grey_level_fails(tmp_path):
    path, made = write(tmp_path, ENHANCENET)
    row = check(tmp_path).iloc[0]
    assert row["passed"] and row["largest_difference"] == 0 and row["equal_8_bit"] == 1
    assert (row["case"], row["model_id"], row["parameters"], row["results"]) == ("case", ENHANCENET, 852_867, "out")
    fields = dict(np.load(path))
    fields["out"][0, 0, 0] += 2e-4
    np.savez(path, **fields)
    assert not check(tmp_path).iloc[0]["passed"]


@pytest.mark.slow
def test_options_and_key_lists(tmp_path):
    _, made = write(tmp_path, SRFBN, gain=1.6, bias=1.0, options={"out": {}, "out_chop": {"chop": True}}, out_step1=np.zeros((2, 2, 3)))
    rows = [[name, list(tensor.shape), "float32"] for name, tensor in reversed(made.items())]
    (tmp_path / "k.json").write_text(json.dumps(rows))
    row = check(tmp_path).iloc[0]
    assert row["passed"] and row["results"] == "out out_chop"
    (tmp_path / "k.json").write_text(json.dumps(rows[:-1]))
    with pytest.raises(UserError, match="the weights lack 'sub_mean.weight'"):
        check(tmp_path)
    (tmp_path / "k.json").write_text("[[")
    with pytest.raises(UserError, match="k.json' is no key list"):
        check(tmp_path)


def test_a_case_at_another_scale(tmp_path):
    write(tmp_path, LIIF, "edsr-baseline", options={"out": {"scale": 2.5}}, scale=2.5)
    assert check(tmp_path).iloc[0]["passed"]


@pytest.mark.slow
def test_given_rotations(tmp_path):
    rotations = [np.full((1, 64, 4, 2), i, np.float32) for i in range(5)]
    fields = {f"rotation_{i}": rotation for i, rotation in enumerate(rotations)}
    write(tmp_path, NLSN, options={"out": {"rotations": rotations}}, **fields)
    assert check(tmp_path).iloc[0]["passed"]


@pytest.mark.slow
def test_a_tied_layer_and_fixed_kernels(tmp_path):
    write(tmp_path, SPSR, gain=0.68)
    row = check(tmp_path).iloc[0]
    assert row["passed"] and row["parameters"] == 24_796_248


@pytest.mark.parametrize("damage", [
    lambda path: path.write_bytes(path.read_bytes()[:-100]),
    lambda path: path.write_bytes(b""),
    lambda path: path.write_text("no archive"),
    lambda path: np.savez(path, lr=LR),
    lambda path: np.savez(path, **(dict(np.load(path)) | {"overrides": "{"})),
    lambda path: np.savez(path, **(dict(np.load(path)) | {"gain": "much"})),
    lambda path: np.savez(path, **(dict(np.load(path)) | {"lr": np.array([{}], dtype=object)})),
    lambda path: np.savez(path, **(dict(np.load(path)) | {"rotation_last": 1})),
], ids=["cut", "empty", "text", "fields", "overrides", "gain", "pickled", "rotation"])  # fmt: skip
def test_broken_cases_are_one_sentence(tmp_path, damage):
    path, _ = write(tmp_path, EDSR, "baseline", bias=1.0)
    damage(path)
    with pytest.raises(UserError, match="case.npz' is no reference case .*: put the file there again"):
        check(tmp_path)


def test_cases_that_cannot_be_run(tmp_path):
    with pytest.raises(UserError, match="holds no reference cases"):
        check(tmp_path)
    path, _ = write(tmp_path, EDSR, "baseline", bias=1.0)
    fields = dict(np.load(path))
    for change, sentence in (({"model_id": "X"}, "no published network 'X'"), ({"lr": LR[:5]}, "they are not of one image"),
                             ({"rules": "the published weights themselves"}, "case_weights' cannot be read")):  # fmt: skip
        np.savez(path, **(fields | change))
        with pytest.raises(UserError, match=f"case.npz' cannot be run: .*{sentence}"):
            check(tmp_path)
