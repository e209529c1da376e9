"""Groups of frames dealt out to splits, so that sizes and classes come near the wanted shares.

Source of the first deal: K. Sechidis, G. Tsoumakas, I. Vlahavas, On the stratification of multi-label data,
ECML PKDD 2011: the rarest class first, to the split that wants it most; here for groups, and bettered by
moving and exchanging them. Shapes: G groups, S splits, K classes, F = K + 1 features (frames with each class,
and all frames).
"""

import numpy as np
from numpy.typing import NDArray

# Deals that are tried; few for sets of very many groups, whose first deal is near the shares anyway.
_MOST_DEALS = 8
_GROUPS_IN_ALL = 4000
_MOST_ROUNDS = 6
_MOST_EXCHANGES = 2000
# Sums of floats differ in their last digits.
_LEAST_GAIN = 1e-9

# What an empty split costs, and a class that could be in a split and is not, against shares that are missed.
_EMPTY = 100.0
_MISSING = 2.0
# Sizes count as much as so many classes.
_SIZE_WEIGHT = 2.0

Amounts = NDArray[np.float64]


def assigned(amounts: Amounts, shares: Amounts, *, seed: int) -> NDArray[np.int64]:
    """Deal out groups.

    Args:
        amounts: (G, F) frames of each group with each class; the last column counts all frames.
        shares: (S,) wanted, sum 1.
        seed: of all chance.

    Returns:
        (G,) split of each group.
    """
    rng = np.random.default_rng(seed)
    cost = _Cost(amounts, shares)
    n_deals = max(1, min(_MOST_DEALS, _GROUPS_IN_ALL // len(amounts)))
    deals = [_bettered(_first_deal(amounts, shares, rng), amounts, cost, rng) for _ in range(n_deals)]
    return min(deals, key=lambda deal: cost(cost.table(deal)))


class _Cost:
    """How far a deal is from what is wanted."""

    def __init__(self, amounts: Amounts, shares: Amounts) -> None:
        self._amounts = amounts
        self._shares = shares[:, None]
        self._totals = np.maximum(amounts.sum(axis=0), 1)
        n_groups = (amounts > 0).sum(axis=0)
        self._can_be_everywhere = n_groups >= len(shares)
        n_classes = max(int((amounts.sum(axis=0)[:-1] > 0).sum()), 1)
        self._weights = np.full(amounts.shape[1], 1 / n_classes)
        self._weights[-1] = _SIZE_WEIGHT

    def table(self, deal: NDArray[np.int64]) -> Amounts:
        """(S, F) what each split has."""
        table = np.zeros((len(self._shares), self._amounts.shape[1]))
        np.add.at(table, deal, self._amounts)
        return table

    def __call__(self, table: Amounts) -> float:
        # Relative to the share: a frame too few hurts a small split more than a large one.
        missed = np.abs(table / self._totals - self._shares) / self._shares
        lacking = (table == 0) & self._can_be_everywhere
        return float(
            (missed * self._weights).sum()
            + _MISSING * (lacking[:, :-1] * self._weights[:-1]).sum()
            + _EMPTY * (table[:, -1] == 0).sum()
        )


def _first_deal(amounts: Amounts, shares: Amounts, rng: np.random.Generator) -> NDArray[np.int64]:
    n_groups, n_features = amounts.shape
    wanted = shares[:, None] * amounts.sum(axis=0)
    groups_with = (amounts > 0).sum(axis=0)
    deal = np.zeros(n_groups, np.int64)
    is_open = np.ones(n_groups, bool)
    # The last feature is frames: it is in every group, so it deals out what holds no class.
    for feature in np.argsort(
        groups_with + n_groups * (np.arange(n_features) == n_features - 1), kind="stable"
    ):
        members = np.flatnonzero(is_open & (amounts[:, feature] > 0))
        members = rng.permutation(members)
        for group in members[np.argsort(-amounts[members, feature], kind="stable")]:
            ranks = np.stack([rng.random(len(shares)), wanted[:, -1], wanted[:, feature]])
            split = int(np.lexsort(ranks)[-1])
            deal[group] = split
            wanted[split] -= amounts[group]
            is_open[group] = False
    return deal


def _bettered(
    deal: NDArray[np.int64], amounts: Amounts, cost: _Cost, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Move single groups and exchange pairs while that helps."""
    best = cost(cost.table(deal))
    for _ in range(_MOST_ROUNDS):
        before = best
        best = _moved(deal, amounts, cost, rng, best)
        best = _exchanged(deal, amounts, cost, rng, best)
        if best >= before - _LEAST_GAIN:
            break
    return deal


def _moved(
    deal: NDArray[np.int64], amounts: Amounts, cost: _Cost, rng: np.random.Generator, best: float
) -> float:
    table = cost.table(deal)
    for group in rng.permutation(len(deal)):
        for split in range(len(table)):
            here = deal[group]
            if split == here:
                continue
            table[here] -= amounts[group]
            table[split] += amounts[group]
            found = cost(table)
            if found < best - _LEAST_GAIN:
                best, deal[group] = found, split
            else:
                table[split] -= amounts[group]
                table[here] += amounts[group]
    return best


def _exchanged(
    deal: NDArray[np.int64], amounts: Amounts, cost: _Cost, rng: np.random.Generator, best: float
) -> float:
    table = cost.table(deal)
    for one, other in rng.integers(0, len(deal), (min(_MOST_EXCHANGES, len(deal) ** 2), 2)):
        here, there = deal[one], deal[other]
        if here == there:
            continue
        change = amounts[other] - amounts[one]
        table[here] += change
        table[there] -= change
        found = cost(table)
        if found < best - _LEAST_GAIN:
            best, deal[one], deal[other] = found, there, here
        else:
            table[here] -= change
            table[there] += change
    return best
