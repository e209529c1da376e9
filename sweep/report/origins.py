"""Where it all comes from: data, environment, and the commands that do it again."""

from sweep.report.blocks import Block, Code, Facts, Paragraph, Section
from sweep.report.commands import resume_command, run_command
from sweep.report.material import Material
from sweep.report.words import listed
from sweep.search_space import space_text

GIT = "mlflow.source.git.commit"


def data(material: Material) -> Section:
    """What the models saw.

    Args:
        material: of the report.

    Returns:
        Source, format, digest, classes and sizes.
    """
    record, config = material.record, material.config
    if not record.data_digest:
        told = f"The trainer {config.get('trainer', 'stand_in')} reads no data."
        return Section(key="data", title="Data", blocks=(Paragraph(text=told),))
    frames = config.get("frames") or {}
    counts = ", ".join(f"{number} {split}" for split, number in frames.items())
    size = config.get("image_size") or ()
    rows = [
        ("source", record.data_source),
        ("format", record.data_format),
        ("frames", counts or f"{material.evaluation.n_images or 'an unknown number of'} val"),
        ("size in training", " × ".join(map(str, size)) + " px"),
        ("classes", f"{len(record.classes)}: {', '.join(record.classes)}"),
        ("digest of images, labels and split", record.data_digest),
    ]
    return Section(key="data", title="Data", blocks=(Facts(rows=tuple(rows)),))


def environment(material: Material) -> Section:
    """With what it was made.

    Args:
        material: of the report.

    Returns:
        Versions, commit, devices, places and the commands that open them.
    """
    tags = material.record.tags
    versions = {
        name.removeprefix("version."): number for name, number in tags.items() if name.startswith("version.")
    }
    used = sorted({(trial.spec.device, trial.spec.n_threads) for trial in material.trials})
    devices = [f"{device} ({n} thread{'s' * (n != 1)} a worker)" for device, n in used]
    rows = [
        ("commit", tags.get(GIT, "not in a checkout of git")),
        ("devices", listed(devices) or "none was used"),
        ("workers", str(material.config.get("workers", ""))),
        ("began", material.began),
        ("last news", material.last),
        ("home", material.places.home),
        ("MLflow", material.places.tracking_uri),
        ("Optuna", material.places.storage),
        *versions.items(),
    ]
    opening = "\n".join(material.places.commands.values())
    return Section(
        key="environment",
        title="Environment",
        blocks=(
            Facts(rows=tuple(rows)),
            Code(caption="Look at all of it in a browser", text=opening, is_command=True),
        ),
    )


def reproduction(material: Material) -> Section:
    """How to do it again.

    Args:
        material: of the report.

    Returns:
        Commands, and the search space as it was.
    """
    config = material.config
    folder = str(config.get("folder", ""))
    command = run_command(material)
    blocks: list[Block] = [
        Paragraph(
            text="The same command, data and versions draw the same trials with one worker; several workers "
            "finish in an order of their own, which what is drawn depends on."
        ),
        Code(
            caption="The same sweep again" + (f", from the folder {folder}" if folder else ""),
            text=command,
            is_command=True,
        ),
        Code(
            caption="Go on with this one, with 25 more trials",
            text=f"{resume_command(material)} --extra 25",
            is_command=True,
        ),
    ]
    if "***" in command:
        text = "Passwords are stored nowhere: where *** stands, give yours."
        blocks.insert(1, Paragraph(text=text, tone="note"))
    if material.space is not None:
        blocks.append(
            Code(caption="The search space as it was", text=space_text(material.space), is_folded=True)
        )
    return Section(key="again", title="How to do it again", blocks=tuple(blocks))
