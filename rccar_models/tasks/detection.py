"""Object detection: boxes with classes and scores."""

from rccar_models.tasks.definition import MetricDef, StepsRequest, TaskDef, TaskSteps


def _steps(request: StepsRequest) -> TaskSteps:
    from rccar_models.tasks.steps.detection import DetectionSteps

    return DetectionSteps(request)


TASK = TaskDef(
    name="detection",
    text="boxes around objects",
    steps=_steps,
    metrics=(
        MetricDef(name="f1_50", logged="f1_50_detection", maximise=True, text="best F1 at IoU 0.5"),
        MetricDef(name="map_50", logged="map_50_detection", maximise=True, text="mean AP at IoU 0.5 (COCO)"),
        MetricDef(name="map", logged="map_detection", maximise=True, text="mean AP at IoU 0.50:0.95 (COCO)"),
        MetricDef(
            name="val_loss",
            logged="val_loss_detection",
            maximise=False,
            text="loss of the detector's own family",
        ),
    ),
)
