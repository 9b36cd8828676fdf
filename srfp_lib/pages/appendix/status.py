"""The page that says how a run was made: seconds and memory by kind of work and by chapter, versions, and what was made elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

from ...workflow.receipts import Receipt


def page(receipts: Sequence[Receipt], notes: Sequence[str]) -> str:
    """The page from the receipts of a run's jobs."""
    chapters = [one for one in receipts if one.job.startswith("chapters/")]
    others = [one for one in receipts if one not in chapters]
    kinds = {
        kind: [one for one in others if one.job.partition("/")[0] == kind] for kind in dict.fromkeys(one.job.partition("/")[0] for one in others)
    }
    last = max(receipts, key=lambda one: one.finished, default=None)
    lines = [
        "# How this run was made\n",
        "Every result in this book has a receipt. This page adds them up. `python -m srfp_lib status` prints what a workspace holds now.\n",
        f"**Work in all:** {sum(one.cpu_seconds for one in receipts) / 60:.0f} CPU minutes, the last of it on {last.finished[:10]}\n" if last else "",
        f"**Machine:** {last.machine}; {last.cpu}\n" if last else "",
        f"**Versions:** {', '.join(f'{name} {number}' for name, number in last.versions.items())}; code {last.code}\n" if last else "",
        "**Made elsewhere, or by other code:** " + ("; ".join(notes) or "nothing") + "\n",
        "## Chapters\n",
        *_table(("chapter", "seconds", "CPU s", "MB"), [(one.job.partition("/")[2], [one]) for one in sorted(chapters, key=lambda one: one.job)]),
        "\n## Kinds of work\n",
        *_table(("kind, jobs", "seconds", "CPU s", "MB of the largest process"), [(f"{k}, {len(ones)}", ones) for k, ones in kinds.items()]),
    ]
    return "\n".join(lines) + "\n"


def _table(heads: Sequence[str], rows: Sequence[tuple[str, Sequence[Receipt]]]) -> list[str]:
    lines = [f"| {' | '.join(heads)} |", "|---|--:|--:|--:|"]
    for label, ones in rows:
        seconds, cpu = sum(one.seconds for one in ones), sum(one.cpu_seconds for one in ones)
        lines.append(f"| {label} | {seconds:.0f} | {cpu:.0f} | {max(one.peak_megabytes for one in ones)} |")
    return lines
