"""Stable and unstable manifolds: invariant, complete, and where basins end."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from matplotlib.figure import Figure

from plrnn_analysis import PLRNN, ModelError
from plrnn_analysis.manifolds import forward_image, intersections, invariant_manifold, preimage
from plrnn_analysis.plotting.manifolds import plot_manifolds


def lozi(a, b):
    """x' = 1 - a |x| + y, y' = b x, with the state in the order (y, x)."""
    return PLRNN.al_rnn(A=[[0, b], [1, a]], W=[[0, 0], [0, -2 * a]], h=[0, 1], pwl_units=1)


def lozi_saddle(a, b):
    model = lozi(a, b)
    return model, next(p for p in model.fixed_points() if p.bitcode == "1")


def bistable():
    """Two units that inhibit each other: two stable nodes and a saddle between them."""
    model = PLRNN.al_rnn(A=[0.5, 0.5], W=[[0, -1], [-1, 0]], h=[1, 1], pwl_units=2)
    return model, next(p for p in model.fixed_points() if p.stability == "saddle")


def distances(points, pieces):
    """Distance of each point to the nearest of some segments."""
    ends = np.array([piece.vertices for piece in pieces])
    start, step = ends[:, 0], ends[:, 1] - ends[:, 0]
    away = points[:, None] - start
    t = np.clip(np.sum(away * step, axis=2) / np.sum(step * step, axis=1), 0, 1)
    return np.linalg.norm(away - t[..., None] * step, axis=2).min(axis=1)


def inside_polygon(points, polygon):
    """Signed slack of points in a convex polygon of the plane: positive inside."""
    edges = np.roll(polygon, -1, axis=0) - polygon
    away = points[:, None] - polygon
    turn = (edges[:, 0] * away[..., 1] - edges[:, 1] * away[..., 0]) / np.linalg.norm(edges, axis=1)
    x, y = polygon.T
    return (turn * np.sign(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y))).min(axis=1)


def on_pieces(pieces, rng, number=3):
    return np.vstack([rng.dirichlet(np.ones(len(piece.vertices)), size=number) @ piece.vertices for piece in pieces])


@pytest.mark.parametrize(("a", "b"), [(1.7, 0.5), (1.4, 0.3), (2.0, 0.5)])
def test_lozi_slopes_are_the_eigenvectors(a, b):
    """In (x, y) the eigenvalue λ of [[-a, 1], [b, 0]] has the vector (λ, b): λ² + a λ - b = 0."""
    model, saddle = lozi_saddle(a, b)
    root = np.sqrt(a * a + 4 * b)
    for kind, value in (("unstable", (-a - root) / 2), ("stable", (-a + root) / 2)):
        local = invariant_manifold(model, saddle, kind, iterations=0, box=3)[0]
        dy, dx = local.vertices[1] - local.vertices[0]
        assert abs(dy / dx - b / value) < 1e-12
        assert local.bitcode == "1" and local.iteration == 0


@pytest.mark.parametrize("code", ["0", "1"])
def test_unstable_pieces_map_onto_the_manifold(code):
    model = lozi(1.7, 0.5)
    saddle = next(p for p in model.fixed_points() if p.bitcode == code)
    manifold = model.manifold(saddle, "unstable", iterations=7, box=10)
    early = [piece for piece in manifold if piece.iteration < 7]
    assert not manifold.complete and manifold.stopped_by == "iterations" and manifold.iterations == 7
    points = on_pieces(early, np.random.default_rng(0))
    images = np.array([[0.5 * x, 1 - 1.7 * abs(x) + y] for y, x in points])
    images = images[np.abs(images).max(axis=1) < 10]
    assert len(images) > 20 and distances(images, manifold).max() < 1e-12
    # It is one curve: each end of a piece is an end of another, but for the two ends of the whole.
    ends = np.vstack([piece.vertices for piece in manifold])
    alone = sum(np.sum(np.linalg.norm(ends - end, axis=1) < 1e-11) == 1 for end in ends)
    assert alone == 2 or manifold.clipped


def test_stable_pieces_converge_in_exact_arithmetic():
    """Vertices are doubles; iterate them as fractions: what is left grows from 1e-16 with the unstable eigenvalue."""
    model, saddle = lozi_saddle(1.75, 0.5)
    manifold = model.manifold(saddle, "stable", iterations=5, box=20)
    a, b, x_star = Fraction(7, 4), Fraction(1, 2), 1 / (1 + Fraction(7, 4) - Fraction(1, 2))
    growth = 2.0  # the unstable eigenvalue is -2
    rng = np.random.default_rng(1)
    for piece in manifold:
        y, x = (Fraction(float(v)) for v in on_pieces([piece], rng, 1)[0])
        size = float(max(abs(x), abs(y), 1))
        best = np.inf
        for step in range(1, 24):
            x, y = 1 - a * abs(x) + y, b * x
            if step >= piece.iteration + 15:
                best = min(best, float(abs(x - x_star)) / growth**step)
                assert float(abs(x - x_star)) < 1e-13 * size * growth**step + 20 * size * 0.25 ** (
                    step - piece.iteration
                )
        assert best < 1e-8


def test_stable_manifold_of_an_invertible_map_is_the_image_under_its_inverse():
    a, b = 1.7, 0.5
    model, saddle = lozi_saddle(a, b)
    manifold = model.manifold(saddle, "stable", iterations=6, box=40)
    chain = [manifold[0].vertices]
    for _ in range(6):
        following = []
        for p, q in chain:
            # x = Y / b, y = X - 1 + a |Y / b|; the inverse has its kink at Y = 0.
            cuts = [0.0, p[0] / (p[0] - q[0]), 1.0] if p[0] * q[0] < 0 else [0.0, 1.0]
            knots = [p + t * (q - p) for t in cuts]
            pre = [np.array([k[1] - 1 + a * abs(k[0] / b), k[0] / b]) for k in knots]
            following += [(pre[i], pre[i + 1]) for i in range(len(pre) - 1)]
        chain = following
    t = np.random.default_rng(0).random((200, 1))
    points = np.vstack([p + t * (q - p) for p, q in chain])
    z, stays = points, np.ones(len(points), dtype=bool)
    for _ in range(7):
        stays &= np.abs(z).max(axis=1) < 40
        z = np.array([[b * x, 1 - a * abs(x) + y] for y, x in z])
    assert stays.sum() > 1000 and distances(points[stays], manifold).max() < 1e-10
    # And nothing else: six steps lead every piece into the local one.
    z = on_pieces(manifold, np.random.default_rng(1))
    for _ in range(6):
        z = np.array([[b * x, 1 - a * abs(x) + y] for y, x in z])
    assert distances(z, manifold[:1]).max() < 1e-10


def test_straight_basin_boundary():
    model, saddle = bistable()
    line = model.manifold(saddle, "stable", box=4)
    assert line.complete and line.clipped and line.stopped_by == ""
    ends = np.vstack([piece.vertices for piece in line])
    assert np.abs(ends[:, 0] - ends[:, 1]).max() < 1e-12
    assert ends.min() == pytest.approx(-4) and ends.max() == pytest.approx(4)
    assert line.size == pytest.approx(8 * np.sqrt(2))
    low, high = line.bounding_box
    assert np.allclose(low, -4) and np.allclose(high, 4)


# Two stable fixed points and a saddle; drawn at random, rounded.
BISTABLE = [
    ([0.2, 0.4], [[0.6, -1.3], [-0.9, 0.5]], [0.1, 0.3]),
    ([0.6, 0.8], [[-0.7, -0.7], [-1.3, 0.1]], [1.2, 0.5]),
    ([0.4, 0.4], [[-0.3, -0.9], [-1.0, 0.4]], [1.3, 0.6]),
    ([0.5, 0.3], [[0.8, -1.2], [0.5, -0.3]], [-0.3, -0.9]),
    ([0.7, 0.8], [[0.0, -1.7], [-0.5, -0.8]], [1.7, 2.2]),
    ([0.3, 0.6], [[0.6, -0.2], [-0.4, 0.3]], [0.5, 0.5]),
]


@pytest.mark.parametrize("weights", BISTABLE)
def test_stable_manifold_separates_the_basins(weights):
    """A step of the grid crosses the manifold an odd number of times if, and only if, its ends differ in fate."""
    model = PLRNN.al_rnn(*weights, pwl_units=2)
    points = model.fixed_points()
    saddle = next(p for p in points if p.stability == "saddle")
    stable = [p.z for p in points if p.stability.startswith("stable")]
    grid = np.stack(np.meshgrid(*[np.linspace(-5.03, 4.97, 60)] * 2, indexing="ij"), axis=-1)
    z = grid.reshape(-1, 2)
    for _ in range(400):
        z = weights[0] * z + np.maximum(z, 0) @ np.array(weights[1]).T + weights[2]
        assert np.abs(z).max() < 12
    away = np.linalg.norm(z[:, None] - stable, axis=2)
    assert len(stable) == 2 and away.min(axis=1).max() < 1e-6
    label = away.argmin(axis=1).reshape(60, 60)
    manifold = model.manifold(saddle, "stable", iterations=60, box=12)
    assert manifold.complete
    ends = np.array([piece.vertices for piece in manifold])
    changes = 0
    for axis in (0, 1):
        p, q = (np.delete(grid, index, axis=axis).reshape(-1, 2) for index in (-1, 0))
        a, b = (np.delete(label, index, axis=axis).ravel() for index in (-1, 0))
        r, s = q - p, ends[:, 1] - ends[:, 0]
        cross = r[:, None, 0] * s[:, 1] - r[:, None, 1] * s[:, 0]
        w = ends[None, :, 0] - p[:, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            t = (w[..., 0] * s[:, 1] - w[..., 1] * s[:, 0]) / cross
            u = (w[..., 0] * r[:, None, 1] - w[..., 1] * r[:, None, 0]) / cross
        crossings = np.sum((t >= 0) & (t < 1) & (u >= 0) & (u < 1), axis=1)
        assert np.array_equal(crossings % 2 == 1, a != b)
        changes += np.sum(a != b)
    assert changes > 50


@pytest.mark.parametrize("kind", ["al_rnn", "relu_rnn"])
def test_basin_of_a_stable_fixed_point_is_tiled(kind):
    """In the plane the stable manifold of a stable point is its basin: each state lies on one polygon, or on none."""
    rng = np.random.default_rng(3)
    checked = 0
    while checked < 8:
        if kind == "al_rnn":
            model = PLRNN.al_rnn(A=rng.normal(size=2), W=rng.normal(size=(2, 2)), h=rng.normal(size=2), pwl_units=2)
        else:
            model = PLRNN.relu_rnn(1.5 * rng.normal(size=(2, 2)), rng.normal(size=2))
        point = next((p for p in model.fixed_points() if p.spectral_radius < 0.8), None)
        if point is None or point.on_boundary or point.boundary_distance < 0.05 or not np.any(point.z):
            continue
        side = 4.0 * np.abs(point.z).max()
        basin = model.manifold(point, "stable", iterations=40, box=side)
        if not basin.complete:
            continue
        checked += 1
        states = rng.uniform(-side, side, (400, 2))
        slack = np.array([inside_polygon(states, piece.vertices) for piece in basin if piece.dimension == 2])
        clear = np.abs(slack).min(axis=0) > 1e-9 * side
        z, stays = states, np.ones(len(states), dtype=bool)
        for _ in range(300):
            stays &= np.abs(z).max(axis=1) <= side
            z = np.clip(model.map.step(z), -1e9, 1e9)
        ends = stays & (np.linalg.norm(z - point.z, axis=1) < 1e-6 * side)
        # Lower-dimensional pieces carry no area; a state near a rim is on no clear side.
        assert np.array_equal(np.sum(slack > 0, axis=0)[clear], ends[clear].astype(int))
        assert clear.mean() > 0.95


def test_homoclinic_points_of_the_lozi_map():
    model, saddle = lozi_saddle(1.7, 0.5)
    unstable = model.manifold(saddle, "unstable", iterations=5, box=3)
    stable = model.manifold(saddle, "stable", iterations=4, box=3)
    found = intersections(unstable, stable)
    assert len(found) > 10 and all(point.verified for point in found)
    assert len(found) == len(intersections(stable, unstable))
    z = np.array([point.z for point in found])
    assert np.linalg.norm(z - saddle.z, axis=1).min() > 1e-3
    assert distances(z, unstable).max() < 1e-12 and distances(z, stable).max() < 1e-12
    # Independent count: signs of the four turns, kinks apart.
    u, s = (np.array([piece.vertices for piece in m]) for m in (unstable, stable))

    def turn(a, b, c):
        return (b[..., 0] - a[..., 0]) * (c[..., 1] - a[..., 1]) - (b[..., 1] - a[..., 1]) * (c[..., 0] - a[..., 0])

    p, q, r, w = u[:, None, 0], u[:, None, 1], s[None, :, 0], s[None, :, 1]
    proper = (turn(p, q, r) * turn(p, q, w) < -1e-18) & (turn(r, w, p) * turn(r, w, q) < -1e-18)
    assert proper.sum() - 1 == sum(point.kind == "transversal" for point in found)  # less the saddle
    # The forward orbit comes close to the saddle before rounding drives it away.
    first = min(found, key=lambda point: stable[point.pieces[1]].iteration)
    x = first.z
    near = []
    for _ in range(30):
        x = model.map.step(x)
        near.append(np.linalg.norm(x - saddle.z))
    assert min(near) < 1e-6


def test_no_homoclinic_points_without_a_horseshoe():
    model, saddle = bistable()
    unstable, stable = (model.manifold(saddle, kind, iterations=30, box=5) for kind in ("unstable", "stable"))
    found = intersections(unstable, stable)
    assert len(found) == 0 and "0" in repr(found)
    # The unstable manifold runs into the two nodes.
    nodes = np.array([p.z for p in model.fixed_points() if p.stability == "stable node"])
    assert distances(nodes, [piece for piece in unstable if piece.dimension == 1]).max() < 1e-6


def test_overlap_and_kink_are_told_apart():
    """The map is linear: manifolds are axes; shifted copies of pieces meet as planted."""
    from plrnn_analysis.manifolds.crossings import segment_crossings
    from plrnn_analysis.manifolds.pieces import ManifoldPiece

    def segment(*ends):
        return ManifoldPiece(np.array(ends, dtype=float), "-")

    base = [segment((0, 0), (2, 0))]
    for other, kind, z in [
        (segment((1, -1), (1, 1)), "transversal", (1, 0)),
        (segment((1, 0), (1, 1)), "kink", (1, 0)),
        (segment((2, -1), (2, 1)), "kink", (2, 0)),
        (segment((1, 0), (3, 0)), "overlap", (1.5, 0)),
    ]:
        (hit,) = segment_crossings(base, [other], 1e-12)
        assert hit.kind == kind and np.allclose(hit.z, z)
    for other in (
        segment((1, 1e-6), (1, 1)),
        segment((2.1, -1), (2.1, 1)),
        segment((0, 1), (2, 1)),
        segment((3, 0), (4, 0)),
    ):
        assert segment_crossings(base, [other], 1e-12) == []


def lozi_in_space(a, b, leak):
    """The Lozi map in two of three units; the third leaks and hears the first."""
    return PLRNN.al_rnn(
        A=[[leak, 0.1, 0], [0, 0, b], [0, 1, a]], W=[[0, 0, 0], [0, 0, 0], [0, 0, -2 * a]], h=[0, 0, 1], pwl_units=1
    )


def test_surface_and_curve_in_space():
    model = lozi_in_space(1.7, 0.5, 0.3)
    saddle = next(p for p in model.fixed_points() if p.bitcode == "1")
    surface = model.manifold(saddle, "stable", iterations=4, box=3)
    curve = model.manifold(saddle, "unstable", iterations=5, box=3)
    assert (surface.dimension, curve.dimension) == (2, 1)
    assert all(piece.dimension == 2 for piece in surface) and surface.size > 10
    rng = np.random.default_rng(2)
    for piece in surface:
        for z in on_pieces([piece], rng, 3):
            near = []
            for _ in range(piece.iteration + 14):
                z = model.map.step(z)
                near.append(np.linalg.norm(z - saddle.z))
            assert min(near) < 2e-5
    found = intersections(surface, curve)
    assert len(found) > 3 and all(point.verified for point in found)
    # Seen along the first unit these are the points of the plane.
    flat, flat_saddle = lozi_saddle(1.7, 0.5)
    plane = intersections(
        flat.manifold(flat_saddle, "stable", iterations=4, box=3),
        flat.manifold(flat_saddle, "unstable", iterations=5, box=3),
    )
    gaps = np.linalg.norm(np.array([p.z[1:] for p in found])[:, None] - np.array([p.z for p in plane]), axis=2)
    assert gaps.min(axis=1).max() < 1e-9 and gaps.min(axis=0).max() < 1e-9


def test_saddle_cycle():
    model = lozi(1.7, 0.5)
    cycle = next(c for c in model.cycles(2) if c.period == 2)
    assert cycle.stability == "saddle"
    unstable, stable = (model.manifold(cycle, kind, iterations=5, box=20) for kind in ("unstable", "stable"))
    assert [piece.iteration for piece in unstable][:2] == [0, 0] and unstable.points.shape == (2, 2)
    rng = np.random.default_rng(0)
    images = model.map.step(on_pieces([piece for piece in unstable if piece.iteration < 5], rng))
    assert distances(images, unstable).max() < 1e-11
    images = model.map.step(on_pieces(stable, rng))
    assert distances(images, stable).max() < 1e-11
    for z in on_pieces(stable, rng, 1):
        near = []
        for _ in range(18):
            z = model.map.step(z)
            near.append(np.linalg.norm(cycle.points - z, axis=1).min())
        assert min(near) < 1e-4


def test_complex_eigenvalues_in_space():
    """A saddle whose stable eigenvalues are complex: the local piece is a polygon that the rotation keeps."""
    turn = 0.8 * np.array([[np.cos(1), -np.sin(1)], [np.sin(1), np.cos(1)]])
    A = np.zeros((3, 3))
    A[:2, :2], A[2, 2] = turn, 2.0
    A[0, 2] = 0.2
    model = PLRNN.al_rnn(A=A, W=[[0, 0, -1], [0, 0, 0.5], [0, 0, -0.5]], h=[0.3, 0.1, -1], relu_units=[2])
    saddle = next(p for p in model.fixed_points() if p.stability == "saddle")
    surface = model.manifold(saddle, "stable", iterations=3, box=5)
    assert surface.dimension == 2
    local = surface[0].vertices
    images = model.map.step(local)
    u = np.linalg.svd(local - local.mean(axis=0))[2][:2]
    centre = local.mean(axis=0)
    assert inside_polygon((images - centre) @ u.T, (local - centre) @ u.T).min() > -1e-9
    assert np.abs((images - centre) @ np.linalg.svd(local - centre)[2][2]).max() < 1e-9


def test_one_unit():
    tent = PLRNN.al_rnn(A=[2.0], W=[[-4.0]], h=[1.0], pwl_units=1)
    saddle = next(p for p in tent.fixed_points() if p.bitcode == "1")
    unstable = tent.manifold(saddle, "unstable", iterations=12, box=2)
    low, high = unstable.bounding_box
    assert high[0] == pytest.approx(1.0) and low[0] == pytest.approx(-1.0)
    with pytest.raises(ModelError, match="has no dimension"):
        tent.manifold(saddle, "stable")


def test_linear_model_with_input():
    model = PLRNN.al_rnn(A=[0.5, 2.0], W=np.zeros((2, 2)), h=[0, 0], pwl_units=0, C=[[1.0], [1.0]])
    saddle = model.fixed_points(constant_input=[0.4])[0]
    for kind, axis in (("stable", 0), ("unstable", 1)):
        found = invariant_manifold(model, saddle, kind, [0.4], box=5)
        assert found.complete and found.size == pytest.approx(10) and found[0].bitcode == "-"
        assert np.ptp(np.vstack([piece.vertices for piece in found])[:, 1 - axis]) < 1e-12
    with pytest.raises(ModelError, match="same constant_input"):
        invariant_manifold(model, saddle, "stable")


def singular_model():
    """z1' = relu(z1) - 1, z2' = 2 z2 - relu(z2) / 2...: the first column vanishes for z1 < 0."""
    return PLRNN.al_rnn(A=np.zeros((2, 2)), W=[[3.0, 0.0], [0.0, 0.5]], h=[-1.0, 0.25], pwl_units=2)


def test_preimage_under_a_singular_jacobian():
    model = singular_model()  # F = (3 relu(z1) - 1, relu(z2)/2 + 1/4); where z1 < 0: (-1, ...)
    pieces = preimage(model, [[[-1.0, 0.3], [-1.0, 0.5]]], box=2.0)
    assert pieces.complete
    by_code = {piece.bitcode: piece for piece in pieces}
    strip = by_code["01"].vertices  # z1 <= 0 and 0.1 <= z2 <= 0.5
    assert by_code["01"].dimension == 2 and by_code["01"].size == pytest.approx(2 * 0.4)
    assert np.allclose(strip.min(axis=0), [-2, 0.1]) and np.allclose(strip.max(axis=0), [0, 0.5])
    assert set(by_code) == {"01"}  # the rim, seen from 11, is not listed again
    # A segment across the line z1 = -1 has a segment as preimage there.
    (crossing,) = [p for p in preimage(model, [[[-2.0, 0.5], [0.0, 0.5]]], box=2.0) if p.bitcode == "01"]
    assert crossing.dimension == 1 and np.allclose(np.sort(crossing.vertices[:, 0]), [-2, 0])
    assert np.allclose(crossing.vertices[:, 1], 0.5)
    # Where both are off, the whole quadrant goes to one point.
    quadrant = [p for p in preimage(model, [[[-1.0, 0.25]]], box=2.0) if p.bitcode == "00"]
    assert len(quadrant) == 1 and quadrant[0].size == pytest.approx(4.0)
    assert len(preimage(model, [[[-1.0, 0.1]]], box=2.0)) == 0


def test_preimages_agree_with_sampling():
    """Every state whose image lies in a polygon lies in its preimage, and no other: random maps of every rank."""
    rng = np.random.default_rng(11)
    for trial in range(30):
        scale = [1.0, 0.0][trial % 2]
        model = PLRNN.al_rnn(scale * rng.normal(size=2), rng.normal(size=(2, 2)), rng.normal(size=2), pwl_units=2)
        corner = rng.uniform(-2, 0.5, 2)
        size = rng.uniform(0.5, 3.0, 2)
        target = corner + size * np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
        states = rng.uniform(-3, 3, (500, 2))
        inside = inside_polygon(model.map.step(states), target)
        pieces = preimage(model, [target], box=3.0)
        assert pieces.complete
        slack = [inside_polygon(states, piece.vertices) for piece in pieces if piece.dimension == 2]
        count = np.sum(np.array(slack).reshape(-1, len(states)) > 1e-9, axis=0)
        clear = np.abs(inside) > 1e-6
        near_rim = np.any(np.abs(np.array(slack).reshape(-1, len(states))) < 1e-6, axis=0)
        assert np.array_equal(count[clear & ~near_rim] == 1, inside[clear & ~near_rim] > 0)
        assert count.max(initial=0) <= 1


def test_what_is_not_represented_is_said():
    model = PLRNN.relu_rnn(np.diag([0.5, 0.5, 0.5]), [-1.0, -1.0, 1.0])
    found = preimage(model, [[[0.0, 0.0, 0.0]]], box=4.0)
    assert not found.complete and any("3 dimensions in subregion 000" in note for note in found.notes)
    assert all(piece.dimension <= 2 for piece in found)


def test_preimages_too_short_to_follow_are_said():
    """Slopes of 1e7 beyond 1: a segment of 4.5e-7 has a preimage of 4.5e-14, two points that count as one."""
    model = PLRNN.shallow([0.5], [[-1e7, 2e7]], [[1.0], [1.0]], [0.0], [-1.0, -1.0 - 2e-7])
    node = next(p for p in model.fixed_points() if p.bitcode == "00")
    basin = model.manifold(node, "stable", box=10.0)
    assert not basin.complete and not basin.stopped_by
    assert any("thinner than 1e-12 of the box" in note for note in basin.notes)


def test_forward_image_cuts_and_collapses():
    model = singular_model()
    images = forward_image(model, [[[-1.0, 0.5], [1.0, 0.5]], [[-1, -1], [-0.5, -1], [-0.5, -0.5]]])
    first = [piece for piece in images if piece.parent == 0]
    # The left half collapses to (-1, 0.5), the right half runs to (2, 0.5), cut at z1 = 0.
    assert sorted(piece.dimension for piece in first) == [0, 1, 1]
    assert sum(piece.size for piece in first) == pytest.approx(3.0)
    (point,) = [piece for piece in images if piece.parent == 1]
    assert point.dimension == 0 and np.allclose(point.vertices, [[-1, 0.25]]) and point.bitcode == "01"


def test_limits_are_said():
    model, saddle = lozi_saddle(1.7, 0.5)
    few = model.manifold(saddle, "unstable", iterations=30, max_pieces=50, box=3)
    assert len(few) == 50 and few.stopped_by == "max_pieces" and not few.complete and "max_pieces" in repr(few)
    short = model.manifold(saddle, "unstable", iterations=30, max_size=10.0, box=3)
    assert short.stopped_by == "max_size" and 10 <= short.size < 16
    assert model.manifold(saddle, "stable", time_limit=0.0).stopped_by == "time_limit"
    table = few.table()
    assert len(table["bitcode"]) == 50 and set(table["dimension"]) == {1}
    with pytest.raises(ValueError, match="read-only"):
        few[0].vertices[0, 0] = 1.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "center"}, "kind must be"),
        ({"box": -1.0}, "box must be a positive number"),
        ({"box": ([0, 0], [1, 0])}, r"box\[0\] must be below"),
        ({"box": 0.1}, "outside the box"),
        ({"box": "wide"}, "box must be a positive number"),
        ({"iterations": -1}, "whole number >= 0"),
        ({"iterations": 2.5}, "whole number"),
        ({"max_pieces": 0}, "whole number >= 1"),
        ({"max_size": 0.0}, "max_size must be a number > 0"),
        ({"saddle": [0.0, 0.0]}, "must be a FixedPoint or a Cycle"),
    ],
)
def test_bad_arguments(change, message):
    model, saddle = lozi_saddle(1.7, 0.5)
    with pytest.raises(ModelError, match=message):
        invariant_manifold(model, **{"saddle": saddle, "kind": "stable", **change})


def test_a_polygon_that_is_not_flat_is_refused():
    model = PLRNN.al_rnn([0.5] * 3, np.zeros((3, 3)), np.zeros(3), pwl_units=1)
    square = np.array([[1.0, 0.0, 0.0], [1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [1.0, 0.0, 1.0]])
    assert forward_image(model, [square]).complete
    with pytest.raises(ModelError, match="do not lie in one plane"):
        forward_image(model, [square + np.diag([0.0, 0.5, 0.0, 0.0])[:, 1:]])


def test_manifolds_that_do_not_fit_together():
    model, saddle = lozi_saddle(1.7, 0.5)
    other, other_saddle = lozi_saddle(1.4, 0.3)
    stable = model.manifold(saddle, "stable", iterations=1)
    with pytest.raises(ModelError, match="one stable and one unstable"):
        intersections(stable, stable)
    with pytest.raises(ModelError, match="different maps"):
        intersections(stable, other.manifold(other_saddle, "unstable", iterations=1))
    space = PLRNN.al_rnn(A=[0.5, 2.0, 3.0], W=np.zeros((3, 3)), h=[1, 1, 1], pwl_units=1)
    p = space.fixed_points()[0]
    flat = PLRNN.al_rnn(A=[0.5, 0.4, 0.3, 3.0], W=np.zeros((4, 4)), h=[1, 1, 1, 1], pwl_units=1)
    with pytest.raises(ModelError, match="3 dimensions; pieces of 1 or 2"):
        flat.manifold(flat.fixed_points()[0], "stable")
    four = PLRNN.al_rnn(A=[0.5, 0.4, 2.0, 3.0], W=np.zeros((4, 4)), h=[1, 1, 1, 1], pwl_units=1)
    q = four.fixed_points()[0]
    with pytest.raises(ModelError, match="no isolated common points"):
        intersections(four.manifold(q, "stable"), four.manifold(q, "unstable", iterations=1))
    assert space.manifold(p, "unstable", iterations=2).dimension == 2
    zero = PLRNN.al_rnn(A=[2.0, 0.5], W=np.zeros((2, 2)), h=[0, 0], pwl_units=1)
    with pytest.raises(ModelError, match="boundary"):
        zero.manifold(zero.fixed_points()[0], "unstable")


def test_figure(tmp_path):
    model, saddle = lozi_saddle(1.7, 0.5)
    unstable, stable = (model.manifold(saddle, kind, iterations=4, box=3) for kind in ("unstable", "stable"))
    ax = plot_manifolds([stable, unstable], intersections(stable, unstable))
    assert isinstance(ax.figure, Figure)
    ax.figure.savefig(tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 2000
    strip = singular_model()
    point = strip.fixed_points()[0]
    ax = plot_manifolds(strip.manifold(point, "stable", box=2))
    ax.figure.savefig(tmp_path / "strip.png")
    space = lozi_in_space(1.7, 0.5, 0.3)
    p = next(p for p in space.fixed_points() if p.bitcode == "1")
    ax = plot_manifolds(space.manifold(p, "unstable", iterations=1))
    assert ax.get_xlabel().startswith("principal component 1")
    with pytest.raises(ModelError, match="one model"):
        plot_manifolds([stable, space.manifold(p, "unstable", iterations=1)])


def test_eigenspaces_of_strongly_expanding_cycles():
    """Where the product around a cycle drowns its weak directions, iterated subspaces still map onto each other."""
    from plrnn_analysis.manifolds.local import _eigenspaces

    rng = np.random.default_rng(0)
    for strength in (2.0, 1e3, 1e5, 1.02):
        jacobians = []
        frames = [np.linalg.qr(rng.normal(size=(3, 3)))[0] + 0.1 * rng.normal(size=(3, 3)) for _ in range(6)]
        for j in range(6):
            jacobians.append(frames[(j + 1) % 6] @ np.diag([strength, 0.5, -0.3]) @ np.linalg.inv(frames[j]))
        for stable, columns in ((False, [0]), (True, [1, 2])):
            bases, marginal = _eigenspaces(jacobians, stable)
            assert marginal == 0
            for basis, frame in zip(bases, frames):
                wanted = np.linalg.qr(frame[:, columns])[0]
                assert np.linalg.norm(wanted - basis @ (basis.T @ wanted)) < 1e-7


def test_more_units_than_three():
    """Curves in any number of units: each image lies on the curve, and the curve ends at the attractors."""
    rng = np.random.default_rng(12)
    checked = 0
    while checked < 3:
        model = PLRNN.al_rnn(
            rng.uniform(0.2, 0.7, 6), 0.7 * rng.normal(size=(6, 6)) / 2, rng.normal(size=6), pwl_units=3
        )
        saddle = next(
            (p for p in model.fixed_points() if p.stability == "saddle" and np.abs(p.eigenvalues[1]) < 0.95), None
        )
        if saddle is None or saddle.boundary_distance < 0.05:
            continue
        curve = model.manifold(saddle, "unstable", iterations=8)
        assert curve.dimension == 1
        if len(curve) < 5:
            continue
        checked += 1
        early = [piece for piece in curve if piece.iteration < 8 and piece.dimension == 1]
        images = model.map.step(on_pieces(early, rng))
        images = images[np.all((images > curve.box[0]) & (images < curve.box[1]), axis=1)]
        scale = np.abs(curve.box).max()
        assert distances(images, [piece for piece in curve if piece.dimension == 1]).max() < 1e-9 * scale
