"""Random changes to whole batches, so that few labelled frames teach more. No torch at this level."""
