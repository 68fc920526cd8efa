"""Derivatives of our own, beside finite differences."""

from pathlib import Path

import pytest
import torch

import terrella
from terrella.cli import gradient_checks
from terrella.cli.gradient_checks import FILES, OPERATORS, is_right
from terrella.cli.main import main


@pytest.mark.parametrize("name", OPERATORS)
def test_the_derivative_of_every_operator_is_that_of_finite_differences(name):
    assert is_right(OPERATORS[name])


def test_no_operator_with_a_derivative_of_its_own_is_left_out():
    source = Path(terrella.__file__).parent
    files = {
        str(path.relative_to(source))
        for path in source.rglob("*.py")
        if "(torch.autograd.Function)" in path.read_text() and path.name != "gradient_checks.py"
    }
    assert files == set(FILES)


def test_the_doctor_says_which_derivative_is_wrong(monkeypatch, capsys):
    class Wrong(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x**2

        @staticmethod
        def backward(ctx, gradient):
            return gradient

    given = [torch.tensor([0.2, 3.0], dtype=torch.float64, requires_grad=True)]
    right = {"halves": lambda: (lambda x: x / 2, given)}
    monkeypatch.setattr(gradient_checks, "OPERATORS", right)
    with pytest.raises(SystemExit) as left:
        main(["doctor", "--gradients"])
    assert left.value.code == 0
    assert "halves: its derivative is that of finite differences" in capsys.readouterr().out
    monkeypatch.setattr(gradient_checks, "OPERATORS", {**right, "squares": lambda: (Wrong.apply, given)})
    with pytest.raises(SystemExit) as left:
        main(["doctor", "--gradients"])
    assert left.value.code == 1
    assert "derivatives are wrong here: squares" in capsys.readouterr().err
