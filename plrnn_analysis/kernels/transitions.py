"""Sequences of bitcodes: counting which follows which, and with which periods they repeat.

Counting uses hash tables of fixed size that the caller enlarges.

A bitcode of any length is packed into 64-bit words. Tables use open addressing with linear probing: slots
hold an index or -1, and there are always at least twice as many slots as entries.
"""

import numpy as np

from ._jit import kernel

__all__ = [
    "DONE",
    "EDGES_FULL",
    "NODES_FULL",
    "NODE_COUNT",
    "PREVIOUS",
    "count",
    "fill_node_slots",
    "move_edges",
    "prefix_matches",
]

DONE, NODES_FULL, EDGES_FULL = 0, 1, 2
# Places in `meta`.
NODE_COUNT, EDGE_COUNT, TRAJECTORY, STEP, PREVIOUS = 0, 1, 2, 3, 4


@kernel("uint64(uint64)")
def _mix(x):
    """Finalising step of splitmix64 (Steele, Lea and Flood 2014, doi:10.1145/2660193.2660195)."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@kernel("uint64(uint64[::1])")
def _hash_words(words):
    h = np.uint64(0)
    for w in words:
        h = _mix(h ^ w) + np.uint64(0x9E3779B97F4A7C15)
    return h


@kernel("boolean(int64, int64)")
def _is_direct(n_bits, n_slots):
    """Whether there is a slot for every possible code: then the code is its own place, without hashing."""
    return n_bits < 63 and n_slots >= 1 << n_bits


@kernel("uint64(Array(uint8, 1, 'C', True), int64)")
def _pack_eight(row, p):
    """Eight truth values in eight bits.

    The compiler makes one load of the first expression, and the product gathers its eight bytes in the
    uppermost one: byte i is shifted by 56 - 7 i, no two bits meet.
    """
    octets = (
        np.uint64(row[p])
        | np.uint64(row[p + 1]) << np.uint64(8)
        | np.uint64(row[p + 2]) << np.uint64(16)
        | np.uint64(row[p + 3]) << np.uint64(24)
        | np.uint64(row[p + 4]) << np.uint64(32)
        | np.uint64(row[p + 5]) << np.uint64(40)
        | np.uint64(row[p + 6]) << np.uint64(48)
        | np.uint64(row[p + 7]) << np.uint64(56)
    )
    return (octets * np.uint64(0x0102040810204080)) >> np.uint64(56)


@kernel("void(uint64[:, ::1], int64, int64, int64[::1])")
def fill_node_slots(words, n, n_bits, slots):
    """Enter the first `n` nodes, of `n_bits` bits, into empty slots."""
    mask = np.uint64(slots.shape[0] - 1)
    direct = _is_direct(n_bits, slots.shape[0])
    for node in range(n):
        place = words[node, 0] if direct else _hash_words(words[node]) & mask
        while slots[place] >= 0:
            place = (place + np.uint64(1)) & mask
        slots[place] = node


@kernel("void(int64[:, ::1], int64[:, ::1])")
def move_edges(old, new):
    """Enter all edges of one table into another, empty one."""
    mask = np.uint64(new.shape[0] - 1)
    for place in range(old.shape[0]):
        key = old[place, 0]
        if key >= 0:
            target = _mix(np.uint64(key)) & mask
            while new[target, 0] >= 0:
                target = (target + np.uint64(1)) & mask
            new[target, 0] = key
            new[target, 1] = old[place, 1]


@kernel(
    "int64(Array(uint8, 3, 'C', True), int64, int64[::1], uint64[:, ::1], int64[::1], int64[:, ::1], int64[:, ::1],"
    " int64[:, ::1], int64[::1])"
)
def count(bits, first, ends, words, node_slots, visits, dense, edges, meta):
    """Count visits and transitions; may be repeated after it returned `NODES_FULL` or `EDGES_FULL`.

    Parameters
    ----------
    bits : (batch, T, P) ndarray of uint8
        Each 0 or 1; may be read-only, as results are.
    first : int
        First step that counts, of each trajectory.
    ends : (batch,) ndarray of int64
        Steps of each trajectory; what follows is padding.
    words : (capacity, n_words) ndarray of uint64
        Packed bitcodes of the nodes found.
    node_slots : (power of two,) ndarray of int64
    visits : (capacity, 2) ndarray of int64
        Of each node: visits, and transitions to itself.
    dense : (D, D) ndarray of int64
        Transitions between different ones of the first D nodes, from and to.
    edges : (power of two, 2) ndarray of int64
        All others: ``from << 32 | to``, or -1 where empty, and count. Key and count stand side by
        side since with many edges the time goes into fetching them from memory.
    meta : (5,) ndarray of int64
        Numbers of nodes and edges, and where to go on: trajectory, step, node before it or -1.

    Returns
    -------
    int
        `DONE`, or which table must be enlarged.
    """
    batch, _, n_bits = bits.shape
    n_words = words.shape[1]
    node_mask = np.uint64(node_slots.shape[0] - 1)
    edge_mask = np.uint64(edges.shape[0] - 1)
    n_dense = dense.shape[0]
    edge_limit = edges.shape[0] // 2
    direct = _is_direct(n_bits, node_slots.shape[0])
    code = np.empty(n_words, np.uint64)
    begin = meta[STEP]
    previous = meta[PREVIOUS]
    for b in range(meta[TRAJECTORY], batch):
        for t in range(begin, ends[b]):
            changed = previous < 0
            row = bits[b, t]
            for w in range(n_words):
                packed = np.uint64(0)
                p = 64 * w
                end = min(p + 64, n_bits)
                while p + 8 <= end:
                    packed |= _pack_eight(row, p) << np.uint64(p & 63)
                    p += 8
                while p < end:
                    packed |= np.uint64(row[p]) << np.uint64(p & 63)
                    p += 1
                changed |= previous >= 0 and packed != words[previous, w]
                code[w] = packed
            if not changed:
                visits[previous, 0] += 1
                visits[previous, 1] += 1
                continue
            place = code[0] if direct else _hash_words(code) & node_mask
            node = node_slots[place]
            while node >= 0:
                same = True
                for w in range(n_words):
                    same &= words[node, w] == code[w]
                if same:
                    break
                place = (place + np.uint64(1)) & node_mask
                node = node_slots[place]
            if node < 0:
                node = meta[NODE_COUNT]
                if node == words.shape[0]:
                    meta[TRAJECTORY], meta[STEP], meta[PREVIOUS] = b, t, previous
                    return NODES_FULL
                for w in range(n_words):
                    words[node, w] = code[w]
                node_slots[place] = node
                meta[NODE_COUNT] = node + 1
            if previous >= 0 and previous < n_dense and node < n_dense:
                dense[previous, node] += 1
            elif previous >= 0:
                key = (previous << 32) | node
                place = _mix(np.uint64(key)) & edge_mask
                while edges[place, 0] != key:
                    if edges[place, 0] < 0:
                        if meta[EDGE_COUNT] == edge_limit:
                            meta[TRAJECTORY], meta[STEP], meta[PREVIOUS] = b, t, previous
                            return EDGES_FULL
                        edges[place, 0] = key
                        meta[EDGE_COUNT] += 1
                        break
                    place = (place + np.uint64(1)) & edge_mask
                edges[place, 1] += 1
            visits[node, 0] += 1
            previous = node
        begin = first
        previous = -1
    return DONE


@kernel("int64[::1](int64[::1])")
def prefix_matches(labels):
    """How many labels from each place on agree with the first ones: the Z function, in O(T).

    Parameters
    ----------
    labels : (T,) ndarray of int64

    Returns
    -------
    (T,) ndarray of int64
        The sequence repeats with period p over its first ``p + matches[p]`` labels. ``matches[0]`` is T.
    """
    total = labels.shape[0]
    matches = np.zeros(total, dtype=np.int64)
    if total:
        matches[0] = total
    left, right = 0, 0
    for i in range(1, total):
        k = 0
        if i < right:
            k = min(right - i, matches[i - left])
        while i + k < total and labels[k] == labels[i + k]:
            k += 1
        matches[i] = k
        if i + k > right:
            left, right = i, i + k
    return matches
