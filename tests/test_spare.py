"""Instances that are used once."""

import pytest

from gearspec.errors import UsageError
from gearspec.harness.spare import Spares


class Shop:
    """Begins and stops instances, which are numbers, and remembers it."""

    def __init__(self, *, most=99):
        self.begun, self.stopped, self.most = 0, [], most

    def begin(self):
        if self.begun == self.most:
            raise UsageError("no more")
        self.begun += 1
        return self.begun

    def stop(self, instance):
        self.stopped.append(instance)
        return [f"{instance} complained"]


def test_no_instance_is_handed_out_twice():
    shop = Shop()
    spares = Spares(shop.begin, shop.stop)
    assert len({spares.take() for _ in range(5)}) == 5
    spares.close()


def test_every_instance_is_stopped_the_spare_one_too():
    shop = Shop()
    spares = Spares(shop.begin, shop.stop)
    for _ in range(3):
        spares.give_back(spares.take())
    assert sorted(spares.close()) == [f"{number} complained" for number in range(1, shop.begun + 1)]
    assert sorted(shop.stopped) == list(range(1, shop.begun + 1))
    assert shop.begun > 3


def test_nothing_is_begun_where_nothing_is_taken():
    shop = Shop()
    assert Spares(shop.begin, shop.stop).close() == []
    assert shop.begun == 0


def test_one_that_does_not_start_is_told_to_who_takes_it():
    shop = Shop(most=1)
    spares = Spares(shop.begin, shop.stop)
    spares.give_back(spares.take())
    with pytest.raises(UsageError, match="no more"):
        spares.take()
    assert spares.close() == ["1 complained"]
