"""Every classifier is asked what the paper asks."""

import pytest

from srfp_lib import paper, tasks
from srfp_lib.common.errors import UserError


def test_the_18_cells_have_the_papers_networks():
    cells = paper.table("table_4").query("row_kind == 'cell'")
    spelled = {"3": "s3", "Flickr2K": "flickr2k", "VGG+adv": "VGG_GAN"}
    ours = {task.name: task for task in tasks.parsers()}
    for cell in cells.itertuples():
        value = str(cell.withheld_value)
        task = ours.pop(f"parse-{cell.predicted_hyperparameter}-without-{spelled.get(value, value)}")
        assert (len(task.train), len(task.test)) == (cell.n_training_models, cell.n_test_models)
        assert 1 / len(task.classes) == pytest.approx(cell.chance, abs=5e-4)
    assert not ours


@pytest.mark.parametrize("task", tasks.parsers(), ids=lambda t: t.name)
def test_training_and_test_share_no_network_and_classes_are_balanced(task):
    assert not set(task.train) & set(task.test)
    labels = [task.label(n) for n in task.train]
    assert len({labels.count(c) for c in set(labels)}) == 1


def test_training_set_parsers_see_seed_1_alone():
    for task in tasks.parsers():
        if task.asks == "dataset":
            assert {n.seed for n in (*task.train, *task.test)} == {1}


def test_triplets_differ_by_seed_alone():
    groups = tasks.seed_triplets()
    assert len(groups) == 30
    assert all([n.seed for n in group] == [1, 2, 3] for group in groups)
    assert all(len({(n.architecture, n.scale, n.loss, n.dataset) for n in group}) == 1 for group in groups)


@pytest.mark.parametrize("name", ["bits-8", "photographs-0", "photographs-100", "photographs-half", "photographs-²", "colour", ""])
def test_an_unknown_control_is_named(name):
    with pytest.raises(UserError, match=f"classifier.controls has '{name}'"):
        tasks.control(name)
