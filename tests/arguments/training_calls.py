"""A good call of every public function, constructor and method of the training package."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from calls import Call, call_of
from every_result import choice

import plrnn_analysis as pa
from plrnn_training import ALRNN, AdditionTask, Batch, Member, Recipe, SparsifySettings, Trainer
from plrnn_training.trials import Trials

__all__ = ["training_calls"]


def training_calls(folder: Path) -> Iterator[Call]:
    """Every one; files are written in the folder."""
    for group in (models, encoders, baselines, training, tasks, data_sets, floors, series, sweeps, sparsified):
        yield from group(folder)


def generators(n: int = 2) -> list[torch.Generator]:
    return [torch.Generator().manual_seed(seed) for seed in range(n)]


def recorded() -> Trials:
    rng = np.random.default_rng(0)
    return Trials.build(
        rng.normal(size=(12, 5, 2)),
        targets=rng.normal(size=(12, 5, 1)),
        conditions=["a", "b"] * 6,
        input_names=["x", "y"],
        output_names=["z"],
    )


def models(folder: Path) -> Iterator[Call]:
    """AL-RNNs and what is made of them."""
    from plrnn_training.encoder_decoder import EncoderDecoder
    from plrnn_training.exporting import export, to_plrnn
    from plrnn_training.recording import record_trials

    stack = ALRNN(3, [1, 2], 2, 1, generators=generators())
    single = ALRNN(3, 1, 2, 1, generators=generators(1))
    inputs, z0 = torch.zeros(2, 4, 2), torch.zeros(2, 3)
    yield call_of(ALRNN, n_units=3, pwl_units=[1, 2], n_inputs=2, n_outputs=1, init="gated", generators=generators())
    yield call_of(ALRNN, n_units=3, pwl_units=1, n_inputs=2, n_outputs=1, init="gated", generators=torch.Generator())
    yield call_of(ALRNN.from_networks, networks=[choice()])
    yield call_of(stack.relu_units_of, index=0)
    yield call_of(stack.driving, inputs=inputs)
    yield call_of(stack.states, inputs=inputs, z0=z0, last=2, forcing=None)
    yield call_of(stack.forward, inputs=inputs, z0=z0, last=2)
    yield call_of(stack.member, index=0)
    yield call_of(stack.members, indices=[0])
    yield call_of(stack.reinitialise, index=0, init="gated", generator=torch.Generator())
    task = AdditionTask(length=6)
    yield call_of(to_plrnn, model=single)
    yield call_of(
        export, model=single, path=folder / "exported.safetensors", task=task, training={"seed": 0}, trials=None
    )
    yield call_of(record_trials, stack=stack, task=task, index=0, core="")
    pair = EncoderDecoder(
        ALRNN(3, [1], 2, 1, generators=generators(1)), ALRNN(3, [1], 0, 4, generators=generators(1)), 3
    )
    yield call_of(EncoderDecoder, encoder=pair.encoder, decoder=pair.decoder, n_steps=3)
    yield call_of(pair.driving, inputs=inputs)
    yield call_of(pair.forward, inputs=inputs, z0=z0, last=2)
    yield call_of(pair.seen_by, core="encoder", batch=Batch(inputs, torch.zeros(2, 3)))
    yield call_of(pair.reinitialise, index=0, init="gated", generator=torch.Generator())


def encoders(folder: Path) -> Iterator[Call]:
    """What stands in front of a network."""
    from plrnn_training.encoders import Chain, Convolution, Embedding, Encoded, EncodedRNN, Perceptron

    two = generators()
    convolution = Convolution(2, 3, 2, two)
    embedding = Embedding(5, 3, two)
    core = ALRNN(3, [1, 2], 3, 1, generators=two)
    yield call_of(Convolution, n_inputs=2, n_outputs=3, width=2, generators=two, stride=1)
    yield call_of(convolution.forward, inputs=torch.zeros(2, 4, 2))
    yield call_of(Embedding, vocabulary=5, width=3, generators=two, padding=0, scale=1.0)
    yield call_of(embedding.forward, inputs=torch.zeros(2, 4, dtype=torch.int64))
    chain = Chain([convolution, Convolution(3, 3, 1, two)], relu=True)
    yield call_of(Chain, encoders=[convolution], relu=True)
    yield call_of(chain.forward, inputs=torch.zeros(2, 4, 2))
    yield call_of(chain.reinitialise, index=0, generator=torch.Generator())
    yield call_of(Perceptron, widths=[2, 4, 3], generators=two)
    encoded = Encoded(convolution, core)
    yield call_of(Encoded, encoder=convolution, core=core)
    yield call_of(encoded.driving, inputs=torch.zeros(2, 4, 2))
    yield call_of(encoded.forward, inputs=torch.zeros(2, 4, 2), z0=torch.zeros(2, 3), last=1)
    yield call_of(encoded.reinitialise, index=0, init="gated", generator=torch.Generator())
    yield call_of(EncodedRNN, encoder=convolution, core=core)


def baselines(folder: Path) -> Iterator[Call]:
    """Other architectures."""
    from plrnn_training import baselines as room

    one, task, inputs = generators(1), AdditionTask(length=6), torch.zeros(2, 7, 2)
    yield call_of(room.new_baseline, architecture="gru", task=task, n_units=3, n_members=1, generators=one)
    recurrent = room.RecurrentBaseline("gru", 3, 2, 1, one)
    yield call_of(room.RecurrentBaseline, layer="gru", n_units=3, n_inputs=2, n_outputs=1, generators=one)
    unit = room.LinearRecurrentUnit(3, 2, 1, one)
    yield call_of(room.LinearRecurrentUnit, n_units=3, n_inputs=2, n_outputs=1, generators=one)
    for model in (recurrent, unit):
        yield call_of(model.draw, generator=torch.Generator())
        yield call_of(model.run, inputs=inputs.expand(1, 2, 7, 2), start=None, last=2)
    affine, bag = room.AffineMap(7, 2, 1, one), room.BagOfWords(2, 3, one)
    yield call_of(room.AffineMap, n_steps=7, n_inputs=2, n_outputs=1, generators=one)
    yield call_of(room.BagOfWords, n_inputs=2, n_outputs=3, generators=one)
    for model in (affine, bag):
        yield call_of(model.draw, generator=torch.Generator())
        yield call_of(model.forward, inputs=inputs, z0=None, last=1)
    path = folder / "weights.safetensors"
    room.save_weights(recurrent, 0, path, {})
    yield call_of(room.save_weights, stack=recurrent, index=0, path=path, training={"seed": 0})
    yield call_of(room.load_weights, stack=recurrent, index=0, path=path)


def training(folder: Path) -> Iterator[Call]:
    """Settings, and the trainer."""
    from plrnn_training.optimisation import OptimiserSettings

    settings: dict[str, Any] = {
        "iterations": 2,
        "batch": 4,
        "lr": 0.01,
        "betas": (0.9, 0.99),
        "clip": 1.0,
        "hold": 0.6,
        "final_lr": 0.003,
        "tau": 0.0,
        "regularised_units": 0,
        "evaluations": 1,
    }
    yield call_of(OptimiserSettings, **settings)
    settings |= {"curriculum": 0.0, "init": "gated", "validation_trials": 4, "test_trials": 4, "patience": None}
    settings |= {"keep": "last", "weight_decay": 0.0, "self_weights": "all", "readout_bias": True, "initial_state": 0.0}
    yield call_of(Recipe, **settings)
    yield call_of(Member, pwl_units=1, seed=0, lr=0.01, samples=4, architecture="al_rnn")
    task, recipe = AdditionTask(length=6), Recipe(**settings)
    members = [Member(1, 0), Member(2, 1)]
    trainer = Trainer(task, members, 3, recipe)
    yield call_of(Trainer, task=task, members=members, n_units=3, recipe=recipe, device="cpu", model=None, frozen=["B"])
    yield call_of(trainer.evaluate, batch=task.sample(3, torch.Generator()))
    yield call_of(trainer.validation_scores, trials=3)
    state = folder / "state.pt"
    trainer.run(state)
    yield call_of(trainer.run, state_path=state, on_progress=None, save_every=30.0)
    yield call_of(trainer.restore, path=state)
    for method in (trainer.network, trainer.networks):
        yield call_of(method, index=0)


def tasks(folder: Path) -> Iterator[Call]:
    """What is learnt."""
    from plrnn_training.tasks import (
        CROSS_ENTROPY,
        CognitiveTask,
        FixedTrials,
        Objective,
        StimulusSelectionTask,
        TrialsTask,
        neurogym_task,
        stack_batches,
    )
    from plrnn_training.tasks.cognitive import longest_response
    from plrnn_training.tasks.contextual import ContextualTask
    from plrnn_training.tasks.copying import CopyTask
    from plrnn_training.tasks.digits import DigitsTask
    from plrnn_training.tasks.entry import Setting, TaskEntry
    from plrnn_training.tasks.images import Images
    from plrnn_training.tasks.registry import TASKS, make_task, task_of
    from plrnn_training.tasks.scan import ScanTask, actions_of
    from plrnn_training.tasks.sentiment import SentimentTask, Texts
    from plrnn_training.tasks.spoken import Sounds, SpokenTask

    rng = np.random.default_rng(0)
    images = Images("made", rng.random((30, 3, 3)).astype(np.float32), np.arange(30) % 3, ("a", "b", "c"))
    texts = Texts("made", ("good film", "bad film", "very good", "very bad") * 6, (1, 0, 1, 0) * 6, ("no", "yes"))
    sounds = Sounds("made", tuple(rng.normal(size=(12, 800)).astype(np.float32)), 8000, (0, 1) * 6, ("no", "yes"))
    yield call_of(AdditionTask, length=6, marks="halves", blank_steps=1, threshold=0.001)
    yield call_of(CopyTask, symbols=2, alphabet=2, shortest=2, longest=4, cue="start")
    yield call_of(ContextualTask, length=6, bias=0.1, noise=0.5, blank_steps=1)
    yield call_of(DigitsTask, images=images, order="row", validation=0.1, test=0.2)
    yield call_of(ScanTask, split="simple", longest=8, decoder_pwl_units=None)
    shares = {"validation": 0.1, "test": 0.2}
    options: dict[str, Any] = {"width": 4, "vocabulary": 10, "least": 1, "length": 3, "keep": "last", "padding": "end"}
    yield call_of(SentimentTask, texts=texts, encoder="embedding", word_dropout=0.0, **options, **shares)
    spoken: dict[str, Any] = {"width": 4, "coefficients": 5, "hop": 0.016, "longest": 0.1}
    yield call_of(SpokenTask, sounds=sounds, encoder="convolution", **spoken, **shares)
    yield call_of(StimulusSelectionTask, neurons=3, trials=20, session=0)
    yield call_of(CognitiveTask, durations="simple", tasks=("DelayPro", "GoNogo"))
    yield call_of(TrialsTask, trials=recorded(), name="own", validation=0.2, test=0.2, threshold=None)
    yield call_of(FixedTrials, task=AdditionTask(length=6), samples=4, seed=0)
    made = [
        AdditionTask(length=6),
        CopyTask(2, 2, 2, 4),
        ContextualTask(length=6),
        DigitsTask(images),
        ScanTask(longest=8),
        SentimentTask(texts, **options),
        SpokenTask(sounds, **spoken),
        StimulusSelectionTask(3, 20),
        CognitiveTask(tasks=("DelayPro", "GoNogo")),
        TrialsTask(recorded()),
        AdditionTask(length=6).fixed(4, 0),
    ]
    for task in made:
        yield from task_calls(task)
    batch = made[0].sample(2, torch.Generator())
    yield call_of(stack_batches, batches=[batch, batch])
    yield call_of(Batch, **vars(batch))
    yield call_of(batch.to, device="cpu")
    yield call_of(batch.select, trials=torch.tensor([0]))
    yield call_of(batch.expand, n_models=2)
    yield call_of(make_task, name="addition", variant=None, data=None)
    yield call_of(task_of, network=choice())
    yield call_of(longest_response, durations="simple")
    yield call_of(actions_of, command="jump twice")
    yield call_of(
        Objective, score_name="mse", higher_is_better=False, loss=CROSS_ENTROPY.loss, score=CROSS_ENTROPY.score
    )
    setting = TASKS["addition"].settings["quick"]
    yield call_of(Setting, units=3, pwl_units=(1, 2), recipe=setting.recipe, samples=(), seeds=2)
    yield call_of(
        TaskEntry,
        name="own",
        summary="of my own",
        variants=(),
        takes_data=False,
        build=lambda variant, data: made[0],
        settings={"quick": setting},
        variant_settings={},
    )
    yield call_of(TASKS["addition"].settings_of, variant="halves")
    yield call_of(neurogym_task, environment=Environment(), trials=4, seed=0, period=None, name="own")


def task_calls(task: Any) -> Iterator[Call]:
    """Methods that a task's own class defines, with arguments as they are in training."""
    generator = torch.Generator().manual_seed(0)
    batch = task.sample(3, generator)
    P, own = [1], type(task)
    stack = task.new_stack(3, P, "gated", generators(1))
    with torch.no_grad():
        outputs = stack(batch.inputs, None, task.scored_steps)
    model = pa.PLRNN.al_rnn([0.5] * 3, np.zeros((3, 3)), np.zeros(3), pwl_units=1)
    if len(stack.cores) == 1:
        core = next(iter(stack.cores.values()))
        model = pa.PLRNN.al_rnn(
            [0.5] * 3, np.zeros((3, 3)), np.zeros(3), 1, C=np.ones((3, core.n_inputs)), B=np.ones((core.n_outputs, 3))
        )
    measured = {"outputs": outputs[0], "targets": batch.targets, "mask": batch.mask}
    arguments: dict[str, dict[str, Any]] = {
        "sample": {"batch": 3, "generator": generator},
        "held_out": {"part": "test", "trials": 3, "generator": generator},
        "loss": measured,
        "score": measured,
        "further_scores": measured,
        "solved": {"score": 0.5},
        "exact_score": {"model": model},
        "in_user_units": {"model": model},
        "in_training_units": {"model": model},
        "new_encoder": {"generators": generators(1)},
        "new_stack": {"n_units": 3, "pwl_units": P, "init": "gated", "generators": generators(1)},
        "training_set": {"samples": 2, "generator": generator},
        "fixed": {"samples": 2, "seed": 0},
        "perturbed": {"batch": batch, "generator": generator},
        "probe_trials": {"generator": generator},
    }
    # A score may be anything: NaN is no solution.
    for name, given in arguments.items():
        if name in vars(own) or (own is AdditionTask and hasattr(task, name)):
            yield call_of(getattr(task, name), **given)


class Environment:
    """As neurogym's are."""

    def seed(self, seed: int | None = None) -> None:
        self.rng = np.random.default_rng(seed)

    def new_trial(self) -> None:
        self.ob = self.rng.normal(size=(5, 2)).astype(np.float32)
        self.gt = np.array([0, 0, 0, 1, 1]) * int(self.rng.integers(2))


def data_sets(folder: Path) -> Iterator[Call]:
    """Images, texts, sounds and trials."""
    from plrnn_training.tasks.images import Images, read_images
    from plrnn_training.tasks.sentiment import Texts, generated_reviews, read_texts
    from plrnn_training.tasks.spoken import Sounds, generated_word, read_sounds
    from plrnn_training.trials import read_trials

    pixels = np.zeros((4, 3, 3), np.float32)
    yield call_of(Images, name="own", pixels=pixels, labels=np.array([0, 1, 0, 1]), classes=("a", "b"), test=None)
    yield call_of(
        Texts, name="own", texts=("x", "y"), labels=(0, 1), classes=("a", "b"), tested=frozenset(), generated=False
    )
    yield call_of(
        Sounds,
        name="own",
        sounds=(np.zeros(9, np.float32), np.zeros(9, np.float32)),
        rate=8000,
        labels=(0, 1),
        classes=("a", "b"),
        tested=None,
        generated=False,
    )
    yield call_of(generated_reviews, n=2, seed=0)
    yield call_of(generated_word, word="yes", rng=np.random.default_rng(0))
    table = folder / "texts.csv"
    table.write_text("text,label\ngood,1\nbad,0\n")
    yield call_of(read_texts, data=str(table))
    yield call_of(read_images, data=None)
    yield call_of(read_sounds, data=None)
    np.savez(folder / "trials.npz", inputs=np.zeros((4, 5, 2)), labels=[0, 1, 0, 1])
    yield call_of(read_trials, path=folder / "trials.npz")
    values = np.random.default_rng(0).normal(size=(4, 5, 1))
    yield call_of(
        Trials.build,
        inputs=values,
        targets=values,
        labels=None,
        mask=np.ones((4, 5)),
        lengths=[5, 4, 5, 5],
        conditions=["a", "b", "a", "b"],
        input_names=["x"],
        output_names=["y"],
        condition_names=None,
    )
    yield call_of(Trials.build, inputs=values, labels=[0, 1, 0, 1], condition_names=["a"], conditions=[0, 0, 0, 0])
    yield call_of(Trials, **vars(recorded()))


def floors(folder: Path) -> Iterator[Call]:
    """What the best affine predictor scores."""
    from plrnn_training import floors as room
    from plrnn_training.tasks import CognitiveTask, TrialsTask

    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(30, 2)), rng.integers(0, 2, 30)
    yield call_of(room.logistic_regression, features=x, labels=y, n_classes=2, penalty=0.1)
    yield call_of(
        room.logistic_floor, training=(x, y), validation=(x, y), test=(x, y), n_classes=2, condition_names=("a", "b")
    )
    yield call_of(room.copy_floor, symbols=2, alphabet=2, shortest=2, longest=3)
    task = TrialsTask(recorded())
    batch = task.sample(20, torch.Generator())
    yield call_of(room.lagged_floor, task=task, training=batch, validation=batch, test=batch, seed=0)
    yield call_of(room.cognitive_floor, task=CognitiveTask(tasks=("DelayPro",)), trials=3000)


def series(folder: Path) -> Iterator[Call]:
    """Time series and fits to them."""
    from plrnn_training import fitting as room
    from plrnn_training.systems import SYSTEMS, GeneratedSeries, System, generate, write_series

    values = np.cumsum(np.random.default_rng(0).normal(size=(300, 2)), axis=0)
    made = generate("lorenz63", 40)
    yield call_of(generate, system="lorenz63", steps=40, dt=0.01, noise=0.0, seed=0)
    yield call_of(write_series, series=made, path=folder / "series.npz")
    yield call_of(GeneratedSeries, **vars(made))
    yield call_of(System, **vars(SYSTEMS["lorenz63"]))
    np.save(folder / "values.npy", values)
    yield call_of(room.read_series, path=folder / "values.npy", inputs=None)
    known = room.as_series(values, np.zeros((300, 1)))
    yield call_of(
        room.as_series,
        data=values,
        inputs=np.zeros((300, 1)),
        dt=0.1,
        names=["a", "b"],
        input_names=["c"],
        lambda_max=0.9,
        source="made",
    )
    yield call_of(room.Series, **vars(known))
    yield call_of(known.part, pieces=[(0, 0, 50)])
    yield call_of(room.Split, training=known, validation=known, held_out=known)
    recipe = {"iterations": 2, "batch": 2, "window": 20, "evaluations": 1}
    yield call_of(
        room.FitRecipe,
        **recipe,
        lr=0.005,
        betas=(0.9, 0.99),
        clip=1.0,
        hold=0.3,
        final_lr=0.01,
        tau=0.0,
        regularised_units=0,
        forcing="sparse",
        readout="identity",
        noise=0.0,
        patience=None,
        trial_share=0.25,
    )
    out = folder / "fit"
    fit = call_of(
        room.fit,
        data=values,
        inputs=None,
        units=4,
        pwl_units=1,
        forcing="sparse",
        interval=5,
        alpha=None,
        seeds=1,
        seed=0,
        iterations=2,
        readout="identity",
        noise=0.0,
        tau=0.0,
        regularised_units=0,
        window=20,
        batch=2,
        lr=0.005,
        hold_out=0.3,
        validation=0.2,
        patience=None,
        dt=None,
        names=["a", "b"],
        input_names=None,
        lambda_max=None,
        device="cpu",
        out=out,
        resume=False,
        overwrite=True,
        progress=False,
        save_every=30.0,
    )
    yield call_of(fit().runs, model=None, steps=50)
    yield fit
    yield call_of(room.read_fit, directory=out)


def sweeps(folder: Path) -> Iterator[Call]:
    """Many models, and figures of them."""
    from matplotlib.figure import Figure

    from plrnn_training import sweep
    from plrnn_training.sweeps import figure, read_sweep

    recipe = Recipe(iterations=2, batch=4, validation_trials=4, test_trials=8, curriculum=0.0, evaluations=1)
    out = folder / "sweep"
    given: dict[str, Any] = {"pwl_units": [0, 1], "seeds": 1, "samples": [4, 8], "units": 3, "recipe": recipe}
    yield call_of(
        sweep,
        task="addition",
        out=out,
        lr=[0.01],
        baselines=["affine"],
        iterations=1,
        variant=None,
        data=None,
        executor=None,
        device="cpu",
        overwrite=True,
        save_every=10.0,
        on_progress=None,
        **given,
    )
    found = sweep("addition", out=out, device="cpu", **given)
    yield call_of(read_sweep, path=out)
    found = replace(found, _items=tuple(replace(row, conditions={"all": row.score}) for row in found))
    yield call_of(found.curves, condition=None)
    yield call_of(figure.p_curve, sweep=found, condition=None)
    yield call_of(figure.draw_p_curve, panels=Figure().subplots(1, 2), sweep=found, condition=None)
    yield call_of(figure.data_sizes, sweep=found)
    yield call_of(figure.condition_curves, sweep=found)
    yield call_of(figure.save_figures, sweep=found, directory=folder)


def sparsified(folder: Path) -> Iterator[Call]:
    """Fewer ReLUs."""
    from plrnn_training import sparsify
    from plrnn_training.sparsification import sparsify_in

    settings: dict[str, Any] = {
        "iterations": 1,
        "batch": 4,
        "lr": 0.003,
        "branches": 1,
        "attempts": 1,
        "candidates": 1,
        "largest_loss": 0.05,
        "largest_divergence": 0.3,
        "margin": 0.25,
        "tolerance": 0.25,
        "time_limit": 5.0,
        "lowest": 0,
        "window": None,
        "windows": 100,
        "compare_seeds": 0,
        "compare_iterations": 0,
        "compare_init": None,
        "seed": 0,
    }
    yield call_of(SparsifySettings, **settings)
    network = pa.PLRNN.al_rnn([0.5, 0.4], [[0, 0.1], [0.1, 0]], [0, 0], 1, C=np.eye(2), B=np.ones((1, 2)))
    few = SparsifySettings(**settings)
    shared: dict[str, Any] = {"network": network, "task": AdditionTask(length=6), "settings": few, "series": None}
    shared |= {"device": "cpu", "on_level": None, "on_progress": None}
    yield call_of(sparsify, states=None, before=(), **shared)
    yield call_of(sparsify_in, directory=folder / "sparse", source="", resume=False, overwrite=True, **shared)
