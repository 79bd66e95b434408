import { ConflictError, FailedPreconditionError, InvalidArgumentError, NotFoundError } from '@slipway/kernel';

/**
 * Every refusal of the router that has a word of its own (`ErrorInfo.reason`), with the status it travels as.
 *
 * | reason | status | when |
 * |---|---|---|
 * | OBJECTIVE_NOT_FOUND | NOT_FOUND | no such objective in the caller's workspace |
 * | ROUTING_EXPERIMENT_NOT_FOUND | NOT_FOUND | no such experiment in the caller's workspace |
 * | OBJECTIVE_IN_EXPERIMENT | FAILED_PRECONDITION | an experiment of the objective runs |
 * | ARM_NOT_DEPLOYED | FAILED_PRECONDITION | an alias of an arm names no version |
 * | EXPERIMENT_INVALID | INVALID_ARGUMENT | arms and policy do not make an experiment |
 * | UNITS_INVALID | INVALID_ARGUMENT | columns of units are not those of the objective |
 * | ANALYSIS_OUT_OF_ORDER | FAILED_PRECONDITION | there is an analysis as of a later time |
 * | ROUTING_CHANGED | ABORTED | another call changed the same thing: read it again |
 */
export const objectiveNotFound = (name: string): NotFoundError =>
  new NotFoundError(`there is no objective '${name}'; RoutingService.SetObjective makes it`, {
    reason: 'OBJECTIVE_NOT_FOUND',
    facts: { objective: name },
  });

export const experimentNotFound = (id: string): NotFoundError =>
  new NotFoundError(`there is no routing experiment '${id}'`, {
    reason: 'ROUTING_EXPERIMENT_NOT_FOUND',
    facts: { experiment: id },
  });

export const objectiveInExperiment = (objective: string, experiment: string): FailedPreconditionError =>
  new FailedPreconditionError(
    `experiment '${experiment}' of objective '${objective}' runs; wait for its end or stop it with StopRoutingExperiment`,
    { reason: 'OBJECTIVE_IN_EXPERIMENT', facts: { objective, experiment } },
  );

export const armNotDeployed = (model: string, alias: string): FailedPreconditionError =>
  new FailedPreconditionError(`alias '${alias}' of model '${model}' names no version; move it to one first`, {
    reason: 'ARM_NOT_DEPLOYED',
    facts: { model, alias },
  });

export const experimentInvalid = (field: string, description: string): InvalidArgumentError =>
  InvalidArgumentError.of(field, description, { reason: 'EXPERIMENT_INVALID' });

export const unitsInvalid = (field: string, description: string): InvalidArgumentError =>
  InvalidArgumentError.of(field, description, { reason: 'UNITS_INVALID' });

export const analysisOutOfOrder = (newest: string): FailedPreconditionError =>
  new FailedPreconditionError(`there is an analysis as of ${newest} already; look as of that time or later`, {
    reason: 'ANALYSIS_OUT_OF_ORDER',
    facts: { newest },
  });

export const routingChanged = (what: string): ConflictError =>
  new ConflictError(`${what} was changed by another call meanwhile; read it again and repeat`, {
    reason: 'ROUTING_CHANGED',
  });
