import type { RoutingService } from '@slipway/contracts/slipway.routing.v1';
import type { Handlers } from '@slipway/platform';
import type { RoutingDependencies } from '../domain/dependencies.ts';
import { analyzeExperiment } from '../domain/use-cases/analyze-experiment.ts';
import { assignUnits } from '../domain/use-cases/assign-units.ts';
import { createExperiment } from '../domain/use-cases/create-experiment.ts';
import { stopExperiment } from '../domain/use-cases/end-experiment.ts';
import { getExperiment, listAnalyses, listExperiments } from '../domain/use-cases/experiment-view.ts';
import { getObjective, listObjectives, setObjective } from '../domain/use-cases/set-objective.ts';
import {
  callOf,
  experimentRequestOf,
  microsOf,
  objectiveRequestOf,
  pageRequestOf,
  unitColumnsOf,
} from './from-proto.ts';
import { toAssignmentMessage, toExperimentMessage, toObjectiveMessage, toSummaryMessage } from './to-proto.ts';

type Methods = Handlers<RoutingService>;

/** All of `slipway.routing.v1.RoutingService`. */
export const routingHandlers = (deps: RoutingDependencies): Methods => ({
  ...objectiveHandlers(deps),
  ...experimentHandlers(deps),
  ...analysisHandlers(deps),
  assign: async ({ objective, units }, context) => {
    const decisions = await assignUnits(callOf(context), { objective, units: unitColumnsOf(units) }, deps);
    return { assignments: decisions.map(toAssignmentMessage) };
  },
  getAssignmentKeys: async () => {
    const keys = await deps.unitOfWork.listKeys();
    return { keys: keys.map(({ keyId, publicKeyPem }) => ({ key_id: keyId, public_key_pem: publicKeyPem })) };
  },
});

const objectiveHandlers = (
  deps: RoutingDependencies,
): Pick<Methods, 'setObjective' | 'getObjective' | 'listObjectives'> => ({
  setObjective: async (request, context) => {
    const objective = await setObjective(callOf(context), objectiveRequestOf(request), request.request_id, deps);
    return { objective: toObjectiveMessage(objective) };
  },
  getObjective: async ({ name }, context) => ({
    objective: toObjectiveMessage(await getObjective(callOf(context), name, deps)),
  }),
  listObjectives: async (request, context) => {
    const { items, nextPageToken = '' } = await listObjectives(callOf(context), pageRequestOf(request), deps);
    return { objectives: items.map(toObjectiveMessage), next_page_token: nextPageToken };
  },
});

const experimentHandlers = (
  deps: RoutingDependencies,
): Pick<
  Methods,
  'createRoutingExperiment' | 'getRoutingExperiment' | 'listRoutingExperiments' | 'stopRoutingExperiment'
> => ({
  createRoutingExperiment: async (request, context) => {
    const asked = experimentRequestOf(request);
    const view = await createExperiment(callOf(context), asked, request.request_id, deps, context.signal);
    return { experiment: toExperimentMessage(view) };
  },
  getRoutingExperiment: async ({ id }, context) => ({
    experiment: toExperimentMessage(await getExperiment(callOf(context), id, deps)),
  }),
  listRoutingExperiments: async (request, context) => {
    const query = { ...pageRequestOf(request), objective: request.objective === '' ? undefined : request.objective };
    const { items, nextPageToken = '' } = await listExperiments(callOf(context), query, deps);
    return { experiments: items.map(toExperimentMessage), next_page_token: nextPageToken };
  },
  stopRoutingExperiment: async ({ id }, context) => ({
    experiment: toExperimentMessage(await stopExperiment(callOf(context), id, deps)),
  }),
});

const analysisHandlers = (deps: RoutingDependencies): Pick<Methods, 'analyzeExperiment' | 'listAnalyses'> => ({
  analyzeExperiment: async ({ id, as_of: asOf }, context) => {
    const request = { id, asOf: microsOf(asOf), onlyNews: false };
    const view = await analyzeExperiment(callOf(context), request, deps, context.signal);
    return { experiment: toExperimentMessage(view) };
  },
  listAnalyses: async (request, context) => {
    const call = callOf(context);
    const { items, nextPageToken = '' } = await listAnalyses(call, { ...pageRequestOf(request), id: request.id }, deps);
    const analyses = items.map(toSummaryMessage);
    return { analyses, next_page_token: nextPageToken };
  },
});
