"""What every source must do; a test class inherits `SourceConformance` and gives a fixture `source`."""

import pytest
import torch

from terrella.engine.feed import Batch, Source


def assert_same(one: Batch, other: Batch) -> None:
    assert list(one) == list(other)
    for name, values in one.items():
        assert values.dtype == other[name].dtype, name
        # A source may compute its samples, and rounding may depend on how many are computed at once.
        torch.testing.assert_close(values, other[name], rtol=1e-5, atol=1e-6, equal_nan=True, msg=name)


class SourceConformance:
    """Inherit, and define a fixture `source` of at least three samples that are not all alike."""

    @pytest.fixture
    def everything(self, source: Source) -> Batch:
        return source.read(torch.arange(len(source)))

    def test_it_has_samples_with_their_number_in_front(self, source, everything):
        assert len(source) >= 3
        assert everything
        assert {len(values) for values in everything.values()} == {len(source)}

    def test_samples_differ(self, everything):
        assert any(not torch.equal(values[:1], values[k : k + 1]) for values in everything.values()
                   for k in range(1, len(values)))  # fmt: skip

    def test_a_permuted_read_is_the_read_permuted(self, source, everything):
        order = torch.randperm(len(source), generator=torch.Generator().manual_seed(1))
        assert_same(source.read(order), {name: values[order] for name, values in everything.items()})

    def test_one_sample_is_that_of_the_whole(self, source, everything):
        for index in (0, len(source) // 2, len(source) - 1):
            expected = {name: values[index : index + 1] for name, values in everything.items()}
            assert_same(source.read(torch.tensor([index])), expected)

    def test_an_index_may_come_twice(self, source, everything):
        twice = torch.tensor([1, 0, 1])
        assert_same(source.read(twice), {name: values[twice] for name, values in everything.items()})

    def test_reading_again_gives_the_same(self, source, everything):
        again = source.read(torch.arange(len(source)))
        for name, values in everything.items():
            assert torch.equal(values.nan_to_num(), again[name].nan_to_num()), name

    def test_what_was_read_is_the_readers_own(self, source):
        first = source.read(torch.tensor([0, 1]))
        kept = {name: values.clone() for name, values in first.items()}
        for values in first.values():
            values.zero_()
        assert_same(source.read(torch.tensor([0, 1])), kept)

    def test_no_indices_give_no_samples_of_the_same_kind(self, source, everything):
        nothing = source.read(torch.zeros(0, dtype=torch.int64))
        assert list(nothing) == list(everything)
        for name, values in nothing.items():
            assert values.shape == (0, *everything[name].shape[1:]), name
            assert values.dtype == everything[name].dtype, name

    def test_indices_beyond_the_end_are_refused(self, source):
        with pytest.raises((IndexError, RuntimeError)):
            source.read(torch.tensor([len(source)]))
