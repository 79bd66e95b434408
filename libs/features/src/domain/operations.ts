/** Kinds of long work; also how it is found again after its process is gone. */
export const TRAINING_SET_OPERATION = 'features.training-sets.create';
export const MATERIALIZE_OPERATION = 'features.views.materialize';
export const SCORING_SET_OPERATION = 'features.scoring-sets.create';
export const LOAD_PREDICTIONS_OPERATION = 'features.predictions.load';
