/** Kinds of long work; also how it is found again after its process is gone. */
export const TRAINING_SET_OPERATION = 'features.training-sets.create';
export const MATERIALIZE_OPERATION = 'features.views.materialize';
