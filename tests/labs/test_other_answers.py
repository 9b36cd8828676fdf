"""Right answers that look unlike the solutions: a check must take them, too."""

from __future__ import annotations

from dataclasses import replace

import pytest

from srfp_lib.labs import answers, authored

OTHERWISE = {
    "5.1": """
def copies(first, second, least=0.98):
    def small(im):
        g = im.astype(np.float64).mean(-1)
        return np.array([[g[r:r+8, c:c+8].mean() for c in range(0, g.shape[1], 8)] for r in range(0, g.shape[0], 8)]).ravel()
    out = []
    A=[small(a) for a in first]; B=[small(b) for b in second]
    for i,a in enumerate(A):
        for j,b in enumerate(B):
            if a.std() == 0 or b.std() == 0: continue
            if np.corrcoef(a,b)[0,1] >= least: out.append((i,j))
    return out
""",
    "5.2": """
def permutation_p(predicted, labels, photographs, rounds, rng):
    obs = (predicted == labels).mean()
    k = 1
    for _ in range(rounds):
        new = np.empty_like(labels)
        for p in set(photographs):
            names = sorted(set(labels[photographs == p]))
            perm = list(rng.permutation(names))
            for a, b in zip(names, perm):
                new[(photographs == p) & (labels == a)] = b
        k += (predicted == new).mean() >= obs
    return k / (rounds + 1)
""",
    "5.3": """
def interval(correct, photographs, rounds, rng):
    s = pd.Series(correct).groupby(photographs).mean().to_numpy(float)
    m = []
    for _ in range(rounds):
        m.append(np.mean(s[rng.integers(0, len(s), len(s))]))
    return np.percentile(m, 2.5), np.percentile(m, 97.5)
""",
    "5.4": """
def paired(correct_a, correct_b, photographs):
    d = []
    for p in np.unique(photographs):
        m = photographs == p
        d.append(correct_a[m].mean() - correct_b[m].mean())
    d = np.array(d)
    if len(d) == 1:
        return d[0], np.nan, np.nan
    r = stats.ttest_1samp(d, 0).confidence_interval()
    return d.mean(), r.low, r.high
def judge(value, low, high, rule):
    if np.isnan(low) or np.isnan(high): return "undecided"
    if high < rule["opposite"]: return "opposite"
    if low > rule["opposite"] and value >= rule["holds_from"]: return "holds"
    if low > rule["opposite"]: return "weaker"
    return "undecided"
""",
    "5.5": """
def evidence(case):
    tr, te, st = case["train"], case["test"], case["settings"]
    ph = set(tr["photograph"])
    n = len(te)
    near = 0; grid = 0; right = 0; shared = 0
    best = {}
    for w in set(tr["width"]):
        c = tr[tr["width"] == w]["network"].tolist()
        best[w] = sorted(set(c), key=lambda x: (-c.count(x), x))[0]
    for t in te.itertuples():
        shared += t.photograph in ph
        grid += t.row % 4 == 0 and t.column % 4 == 0
        right += best.get(t.width) == t.network
        same = tr[(tr["network"] == t.network) & (tr["image"] == t.image)]
        near += any(abs(r - t.row) < 8 and abs(c - t.column) < 8 for r, c in zip(same["row"], same["column"]))
    b = st["test"].iloc[st["validation"].argmax()]
    return dict(photographs=shared / n, copies=near / n, file=right / n, grid=grid / n, choice=case["reported"] - b)
""",
    "6.1": """
def psnr(changed, original):
    out = []
    for a, b in zip(changed, original):
        mse = np.mean((a.astype(int) - b.astype(int)) ** 2)
        out.append(99.0 if mse == 0 else 20 * np.log10(255) - 10 * np.log10(mse))
    return np.array(out)
def score(answers, truth, decibels, floor, target=None):
    ok = decibels >= floor
    if target is None:
        return ((answers != truth) & ok).sum() / len(truth)
    m = truth != target
    return ((answers == target) & ok & m).sum() / m.sum()
""",
    "6.2": """
def noise(images, floor, rng):
    out = []
    for im in images:
        z = rng.normal(0, 1, im.shape)
        lo, hi = 0, 30
        for _ in range(25):
            mid = (lo + hi) / 2
            x = np.clip(np.rint(im + mid * z), 0, 255).astype(np.uint8)
            if measured(x[None], im[None])[0] >= floor: lo = mid
            else: hi = mid
        out.append(np.clip(np.rint(im + lo * z), 0, 255).astype(np.uint8))
    return np.array(out)
""",
    "6.3": """
def jpeg(images, quality):
    out = np.empty_like(images)
    for i, im in enumerate(images):
        with io.BytesIO() as b:
            Image.fromarray(im).save(b, format="JPEG", quality=quality, subsampling=0); b.seek(0)
            out[i] = np.array(Image.open(b).convert("RGB"))
    return out
def rescaled(images, factor):
    n, h, w, _ = images.shape
    small = [Image.fromarray(im).resize((round(w * factor), round(h * factor)), Image.BICUBIC) for im in images]
    return np.array([np.array(im.resize((w, h), Image.BICUBIC)) for im in small])
""",
    "6.4": """
def step(changed, original, goal, budget):
    x = changed.clone().detach(); x.requires_grad = True
    goal(x).sum().backward()
    g = x.grad
    n = torch.sqrt((g ** 2).mean(dim=[1, 2, 3], keepdim=True))
    g = torch.where(n > 0, g / n.clamp_min(1e-20), torch.zeros_like(g))
    y = x.detach() + budget / 2 * g
    d = y - original
    r = torch.sqrt((d ** 2).mean(dim=[1, 2, 3], keepdim=True))
    d = torch.where(r > budget, d * budget / r, d)
    return torch.clip(original + d, 0, 1)
""",
    "6.5": """
def recovered(detective, clean, damaged, names, attacked, truth, hidden):
    m = detective()
    m.fit(np.vstack([damaged, clean]), np.hstack([names, names]))
    p = m.predict(attacked)
    if hidden.sum() == 0: return np.nan
    return np.mean(p[hidden] == truth[hidden])
""",
}


@pytest.mark.parametrize("name", OTHERWISE)
def test_another_right_answer_gets_full_points(name: str):
    lab = authored.Lab.read(f"lab{name.partition('.')[0]}")
    exercise = next(exercise for exercise in lab.exercises if exercise.name == name)
    found = answers.outcome(lab.given, exercise, OTHERWISE[name])
    assert (found.kind, found.points) == ("passed", exercise.points), found.sentence


@pytest.mark.parametrize("name", ["lab5", "lab6"])
def test_what_students_see_of_a_check_refuses_the_typical_mistakes(name: str):
    lab = authored.Lab.read(name)
    for exercise in lab.exercises:
        seen = replace(exercise, check=exercise.visible_check)
        for wrong in exercise.wrong:
            assert answers.outcome(lab.given, seen, wrong).kind in ("wrong", "error"), f"{exercise.name}: {wrong.splitlines()[0]}"
