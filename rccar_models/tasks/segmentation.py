"""Semantic segmentation: a class for every pixel."""

from rccar_models.tasks.definition import MetricDef, StepsRequest, TaskDef, TaskSteps


def _steps(request: StepsRequest) -> TaskSteps:
    from rccar_models.tasks.steps.segmentation import SegmentationSteps

    return SegmentationSteps(request)


TASK = TaskDef(
    name="segmentation",
    text="a class for every pixel",
    steps=_steps,
    metrics=(
        MetricDef(
            name="miou", logged="miou_segmentation", maximise=True, text="mean IoU of the classes that occur"
        ),
        MetricDef(
            name="val_loss", logged="val_loss_segmentation", maximise=False, text="plain cross-entropy"
        ),
        MetricDef(
            name="pixel_acc",
            logged="pixel_acc_segmentation",
            maximise=True,
            text="share of pixels that are right",
        ),
        MetricDef(
            name="dice", logged="dice_segmentation", maximise=True, text="mean Dice of the classes that occur"
        ),
    ),
)
