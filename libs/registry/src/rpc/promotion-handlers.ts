import type { RegistryService } from '@slipway/contracts/slipway.registry.v1';
import type { Handlers } from '@slipway/platform';
import type { RegistryDependencies } from '../domain/dependencies.ts';
import { approveModelVersion, rejectModelVersion } from '../domain/use-cases/decide-on-version.ts';
import { checkAliasMove } from '../domain/use-cases/check-alias-move.ts';
import { getAliasPolicy } from '../domain/use-cases/get-alias-policy.ts';
import { listApprovals } from '../domain/use-cases/list-approvals.ts';
import { listEvaluations } from '../domain/use-cases/list-evaluations.ts';
import { recordEvaluation } from '../domain/use-cases/record-evaluation.ts';
import { setAliasPolicy } from '../domain/use-cases/set-alias-policy.ts';
import { callOf, nextPageToken, pageOf } from './from-proto.ts';
import { toApprovalMessage, toEvaluationMessage, toPolicyMessage } from './to-proto.ts';

type PromotionMethod =
  | 'recordEvaluation'
  | 'listEvaluations'
  | 'setAliasPolicy'
  | 'getAliasPolicy'
  | 'approveModelVersion'
  | 'rejectModelVersion'
  | 'listApprovals'
  | 'checkAliasMove';

export const promotionHandlers = (deps: RegistryDependencies): Pick<Handlers<RegistryService>, PromotionMethod> => ({
  recordEvaluation: async (request, context) => {
    const evaluation = await recordEvaluation(
      callOf(context),
      {
        model: request.model,
        version: BigInt(request.version),
        dataset: request.dataset,
        datasetSha256: request.dataset_sha256,
        rows: BigInt(request.rows),
        metrics: request.metrics,
        requestId: request.request_id,
      },
      deps,
    );
    return { evaluation: toEvaluationMessage(evaluation) };
  },
  listEvaluations: async (request, context) => {
    const query = { ...pageOf(request), model: request.model, version: BigInt(request.version) };
    const page = await listEvaluations(callOf(context), query, deps);
    return { evaluations: page.items.map(toEvaluationMessage), ...nextPageToken(page) };
  },
  setAliasPolicy: async (request, context) => {
    const { model, alias, approvals_required: approvalsRequired, request_id: requestId } = request;
    const gates = request.gates.map(({ gate, parameters }) => ({ gate, parameters: { ...parameters } }));
    const policy = await setAliasPolicy(callOf(context), { model, alias, gates, approvalsRequired, requestId }, deps);
    return { policy: toPolicyMessage(policy) };
  },
  getAliasPolicy: async ({ model, alias }, context) => ({
    policy: toPolicyMessage(await getAliasPolicy(callOf(context), { model, alias }, deps)),
  }),
  approveModelVersion: async (request, context) => ({
    approval: toApprovalMessage(await approveModelVersion(callOf(context), decisionOf(request), deps)),
  }),
  rejectModelVersion: async (request, context) => ({
    approval: toApprovalMessage(await rejectModelVersion(callOf(context), decisionOf(request), deps)),
  }),
  listApprovals: async (request, context) => {
    const query = { ...pageOf(request), model: request.model, version: BigInt(request.version) };
    const page = await listApprovals(callOf(context), query, deps);
    return { approvals: page.items.map(toApprovalMessage), ...nextPageToken(page) };
  },
  checkAliasMove: async ({ model, alias, version }, context) => {
    const checks = await checkAliasMove(callOf(context), { model, alias, version: BigInt(version) }, deps);
    return { passed: checks.every(({ passed }) => passed), checks: checks.map((check) => ({ ...check })) };
  },
});

const decisionOf = (request: {
  model: string;
  version: string;
  alias: string;
  comment: string;
  request_id: string;
}) => ({
  model: request.model,
  version: BigInt(request.version),
  alias: request.alias,
  comment: request.comment,
  requestId: request.request_id,
});
