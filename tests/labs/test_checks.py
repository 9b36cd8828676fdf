"""What `report` says of an answer, in one line, whatever the answer does."""

import math
import threading
import time

import numpy as np
import pytest

from srfp_lib.labs import CheckedFunction, check, report

# As in a notebook, and not rewritten by pytest. The second assertion has no sentence: the author's fault, and still one line.
CHECK = """@check(points=2, seconds=0.3)
def check_0_1_square(square):
    assert square(3) == 9, "the square of 3 is wrong"
    assert np.allclose(square(np.arange(3.0)), [0, 1, 4])
"""
NAMES: dict = {"check": check, "np": np}
exec(CHECK, NAMES)
check_0_1_square = NAMES["check_0_1_square"]


def answer(code: str) -> dict:
    namespace = {"np": np, "time": time}
    exec(compile(code, "cell", "exec"), namespace)
    return namespace


class Mute(Exception):
    def __str__(self):
        raise ValueError


@pytest.mark.parametrize(("code", "line"), [
    ("square = lambda x: x * x", "passed, 2 points"),
    ("def square(x):\n    return 9 if isinstance(x, int) else x ** 3", "your answer raises AssertionError (0 of 2 points)"),
    ("square = lambda x: 0", "the square of 3 is wrong (0 of 2 points)"),
    ("def square(x):\n    raise NotImplementedError('exercise 0.1')", "not solved yet"),
    ("pass", "not solved yet ('square' is not there: run the exercise's cell)"),
    ("def square(x):\n    x += 1\n    return 1 / 0", "line 3 of your cell raises ZeroDivisionError: division by zero (0 of 2 points)"),
    ("def square(x):\n    assert x < 0, 'my own'", "line 2 of your cell raises AssertionError: my own (0 of 2 points)"),
    ("def square(x):\n    raise NotImplementedError('conv of ints')", "line 2 of your cell raises NotImplementedError: conv of ints (0 of 2 points)"),
    ("def square(x):\n    raise SystemExit(0)", "line 2 of your cell raises SystemExit: 0 (0 of 2 points)"),
    ("def square(x):\n    return square(x)", "line 2 of your cell raises RecursionError: maximum recursion depth exceeded (0 of 2 points)"),
    ("def square(x):\n    raise ValueError('two\\nlines')", "line 2 of your cell raises ValueError: two lines (0 of 2 points)"),
    ("square = 3", "your answer raises TypeError: 'int' object is not callable (0 of 2 points)"),
    ("def square(x):\n    while True: pass", "stopped: it took more than 0.3 seconds (0 of 2 points)"),
    ("def square(x):\n    try:\n        time.sleep(9)\n    except BaseException:\n        return x * x",
     "stopped: it took more than 0.3 seconds (0 of 2 points)"),
    ("class square:\n    def __new__(cls, x):\n        return [][x]",
     "line 3 of your cell raises IndexError: list index out of range (0 of 2 points)"),
])  # fmt: skip
def test_one_line_says_what_came_of_it(capsys, code, line):
    report(check_0_1_square, answer(code))
    assert capsys.readouterr().out == f"Exercise 0.1 (square): {line}\n"


def test_an_error_without_words(capsys):
    def square(x):
        raise Mute

    report(check_0_1_square, {"square": square})
    assert "of your cell raises Mute (0 of 2 points)" in capsys.readouterr().out


def test_a_long_text_is_cut(capsys):
    report(check_0_1_square, answer("def square(x):\n    raise ValueError('a ' * 5000)"))
    assert len(capsys.readouterr().out) < 400


def test_only_an_interruption_by_the_user_gets_through():
    with pytest.raises(KeyboardInterrupt):
        report(check_0_1_square, answer("def square(x):\n    raise KeyboardInterrupt"))


def test_what_is_no_check_is_said(capsys):
    report(lambda: None, {})  # pyrefly: ignore
    assert capsys.readouterr().out.startswith("This is no check: ")


def test_outside_the_main_thread_the_limit_is_found_out_afterwards(capsys):
    code = "def square(x):\n    time.sleep(0.2)\n    return x * x"
    thread = threading.Thread(target=report, args=(check_0_1_square, answer(code)))
    thread.start()
    thread.join()
    assert "stopped: it took more than 0.3 seconds" in capsys.readouterr().out


def test_a_check_knows_its_exercise_and_is_still_a_function():
    assert isinstance(check_0_1_square, CheckedFunction)
    assert (check_0_1_square.exercise, check_0_1_square.takes, check_0_1_square.points) == ("0.1", ("square",), 2)
    with pytest.raises(AssertionError, match="the square of 3 is wrong"):
        check_0_1_square(math.sqrt)
