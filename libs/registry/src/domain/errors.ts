import {
  AlreadyExistsError,
  ConflictError,
  DataLossError,
  DeniedError,
  ExhaustedError,
  FailedPreconditionError,
  InvalidArgumentError,
  NotFoundError,
  UnavailableError,
} from '@slipway/kernel';

/**
 * Every refusal of the registry that has a word of its own (`ErrorInfo.reason`), with the status it travels as.
 *
 * | reason | status | when |
 * |---|---|---|
 * | MODEL_NOT_FOUND | NOT_FOUND | no such registered model in the caller's workspace |
 * | MODEL_VERSION_NOT_FOUND | NOT_FOUND | the model has no version of that number (or no longer) |
 * | MODEL_ALIAS_NOT_FOUND | NOT_FOUND | the alias names no version of this model |
 * | MODEL_NAME_INVALID | INVALID_ARGUMENT | not the form of a model name, or not in Unicode normal form C |
 * | MODEL_WITHOUT_PACKAGE | FAILED_PRECONDITION | the version was registered from a foreign source: there is nothing to download |
 * | SOURCE_INVALID | INVALID_ARGUMENT | a source of a version that is local, leads elsewhere or is none |
 * | SOURCE_EMPTY | FAILED_PRECONDITION | there are no files at the source |
 * | TRACKING_NOT_CONFIGURED | FAILED_PRECONDITION | a source of ours, in an installation whose registry does not know tracking |
 * | STAGE_INVALID | INVALID_ARGUMENT | `archive_existing` with a stage that many versions may have |
 * | MODEL_ALREADY_EXISTS | ALREADY_EXISTS | the name is taken |
 * | MODEL_HAS_ALIASES | FAILED_PRECONDITION | a model with aliases cannot be deleted |
 * | MODEL_VERSION_IN_USE | FAILED_PRECONDITION | a version that an alias names cannot be deleted |
 * | ALIAS_MOVE_REFUSED | FAILED_PRECONDITION | a gate refuses or approvals are missing; one fact per check |
 * | ALIAS_ROLLBACK_IMPOSSIBLE | FAILED_PRECONDITION | the alias named nothing before, or that version is deleted |
 * | ALIAS_REVISION_MISMATCH | ABORTED | `expected_revision` is not the alias's revision: read it again |
 * | SELF_APPROVAL | PERMISSION_DENIED | the creator of a version cannot approve it |
 * | ALL_WORKSPACES_DENIED | PERMISSION_DENIED | `all_workspaces` by a principal that belongs to one |
 * | GATE_UNKNOWN | INVALID_ARGUMENT | a policy names a gate that is not installed |
 * | GATE_PARAMETERS_INVALID | INVALID_ARGUMENT | a gate of a policy has wrong parameters |
 * | ORDER_BY_INVALID | INVALID_ARGUMENT | `order_by` is not one of the allowed orders |
 * | UPLOAD_ORDER | INVALID_ARGUMENT | the messages of an upload do not come in the order of the contract |
 * | UPLOAD_INCOMPLETE | INVALID_ARGUMENT | the upload ended before its last `file_end` |
 * | UPLOAD_BYTES_MISMATCH | INVALID_ARGUMENT | a file has more or fewer bytes than its header says |
 * | UPLOAD_DIGEST_MISMATCH | INVALID_ARGUMENT | a file's sha256 is not the one in the header |
 * | PACKAGE_INVALID | INVALID_ARGUMENT | the header contradicts itself: paths, graph, JSON, features |
 * | PACKAGE_TOO_LARGE | RESOURCE_EXHAUSTED | more bytes than this registry accepts, as a whole or for the graph |
 * | UPLOAD_EXPIRED | ABORTED | the upload took so long that its first files may be swept: start again |
 * | UPLOADS_BUSY | UNAVAILABLE | too many uploads at once: try again later |
 * | MODEL_ALIASES_MAX, MODEL_APPROVALS_MAX, MODEL_EVALUATIONS_MAX | RESOURCE_EXHAUSTED | a bound on what one model or version may hold |
 * | PACKAGE_FILE_LOST | DATA_LOSS | a stored file is gone or is not what was signed |
 *
 * From others, passed on as they are: MODEL_GRAPH_INVALID (INVALID_ARGUMENT, of the package), REQUEST_ID_REUSED, PAGE_TOKEN_INVALID and
 * PAGE_TOKEN_MISMATCH (INVALID_ARGUMENT, of the metadata), TRANSACTION_CONFLICT (ABORTED), DATABASE_* and TRANSACTION_TIMEOUT (UNAVAILABLE), those of
 * the artifact store, and INVALID_ARGUMENT and PERMISSION_DENIED of the platform.
 */
export type RegistryErrorReason =
  | 'MODEL_NOT_FOUND'
  | 'MODEL_VERSION_NOT_FOUND'
  | 'MODEL_ALIAS_NOT_FOUND'
  | 'MODEL_NAME_INVALID'
  | 'MODEL_WITHOUT_PACKAGE'
  | 'SOURCE_INVALID'
  | 'SOURCE_EMPTY'
  | 'TRACKING_NOT_CONFIGURED'
  | 'STAGE_INVALID'
  | 'MODEL_ALREADY_EXISTS'
  | 'MODEL_HAS_ALIASES'
  | 'MODEL_VERSION_IN_USE'
  | 'ALIAS_MOVE_REFUSED'
  | 'ALIAS_ROLLBACK_IMPOSSIBLE'
  | 'ALIAS_REVISION_MISMATCH'
  | 'SELF_APPROVAL'
  | 'ALL_WORKSPACES_DENIED'
  | 'GATE_UNKNOWN'
  | 'GATE_PARAMETERS_INVALID'
  | 'ORDER_BY_INVALID'
  | 'UPLOAD_ORDER'
  | 'UPLOAD_INCOMPLETE'
  | 'UPLOAD_BYTES_MISMATCH'
  | 'UPLOAD_DIGEST_MISMATCH'
  | 'PACKAGE_INVALID'
  | 'PACKAGE_TOO_LARGE'
  | 'UPLOAD_EXPIRED'
  | 'UPLOADS_BUSY'
  | 'MODEL_ALIASES_MAX'
  | 'MODEL_APPROVALS_MAX'
  | 'MODEL_EVALUATIONS_MAX'
  | 'PACKAGE_FILE_LOST';

type Facts = Readonly<Record<string, string>>;
const details = (reason: RegistryErrorReason, facts: Facts) => ({ reason, facts });

export const modelNotFound = (model: string): NotFoundError =>
  new NotFoundError(`there is no model '${model}'`, details('MODEL_NOT_FOUND', { model }));

export const modelVersionNotFound = (model: string, version: bigint): NotFoundError =>
  new NotFoundError(
    `model '${model}' has no version ${version}`,
    details('MODEL_VERSION_NOT_FOUND', { model, version: version.toString() }),
  );

export const modelAliasNotFound = (model: string, alias: string): NotFoundError =>
  new NotFoundError(`model '${model}' has no alias '${alias}'`, details('MODEL_ALIAS_NOT_FOUND', { model, alias }));

export const modelAlreadyExists = (model: string): AlreadyExistsError =>
  new AlreadyExistsError(`there is a model '${model}' already`, details('MODEL_ALREADY_EXISTS', { model }));

export const versionWithoutPackage = (model: string, version: bigint): FailedPreconditionError =>
  new FailedPreconditionError(
    `version ${version} of model '${model}' was registered from a foreign source and has no package here`,
    details('MODEL_WITHOUT_PACKAGE', { model, version: version.toString() }),
  );

export const sourceInvalid = (description: string): InvalidArgumentError =>
  InvalidArgumentError.of('source', description, details('SOURCE_INVALID', {}));

export const sourceEmpty = (source: string): FailedPreconditionError =>
  new FailedPreconditionError(`there are no files at '${source}'`, details('SOURCE_EMPTY', { source }));

export const trackingNotConfigured = (): FailedPreconditionError =>
  new FailedPreconditionError(
    "this registry does not know the tracking service; set 'tracking.address'",
    details('TRACKING_NOT_CONFIGURED', {}),
  );

export const stageInvalid = (): InvalidArgumentError =>
  InvalidArgumentError.of(
    'archive_existing',
    'goes with the stages staging and production only',
    details('STAGE_INVALID', {}),
  );

export function modelHasAliases(model: string, aliases: readonly string[]): FailedPreconditionError {
  const names = aliases.join(', ');
  const message = `model '${model}' has aliases (${names}); delete them first`;
  return new FailedPreconditionError(message, details('MODEL_HAS_ALIASES', { model, aliases: names }));
}

export function modelVersionInUse(model: string, version: bigint, aliases: readonly string[]): FailedPreconditionError {
  const names = aliases.join(', ');
  return new FailedPreconditionError(
    `version ${version} of model '${model}' is named by ${names}; move or delete the alias first`,
    details('MODEL_VERSION_IN_USE', { model, version: version.toString(), aliases: names }),
  );
}

export const rollbackImpossible = (model: string, alias: string, why: string): FailedPreconditionError =>
  new FailedPreconditionError(
    `alias '${alias}' of model '${model}' cannot roll back: ${why}`,
    details('ALIAS_ROLLBACK_IMPOSSIBLE', { model, alias }),
  );

export const aliasRevisionMismatch = (model: string, alias: string, expected: bigint, actual: bigint): ConflictError =>
  new ConflictError(
    `alias '${alias}' of model '${model}' has revision ${actual}, not the expected ${expected}; read it and decide again`,
    details('ALIAS_REVISION_MISMATCH', { model, alias, expected: expected.toString(), actual: actual.toString() }),
  );

export const selfApproval = (model: string, version: bigint, principal: string): DeniedError =>
  new DeniedError(
    `version ${version} of model '${model}' was created by '${principal}'; another principal has to approve it`,
    details('SELF_APPROVAL', { model, version: version.toString(), principal }),
  );

export const allWorkspacesDenied = (principal: string): DeniedError =>
  new DeniedError(
    `principal '${principal}' belongs to one workspace; leave all_workspaces unset`,
    details('ALL_WORKSPACES_DENIED', { principal }),
  );

export const orderInvalid = (given: string, allowed: readonly string[]): InvalidArgumentError =>
  InvalidArgumentError.of(
    'order_by',
    `'${given}' is not an order; use ${allowed.map((order) => `'${order}'`).join(' or ')}, with ' desc' for the reverse`,
    details('ORDER_BY_INVALID', {}),
  );

type UploadReason = 'UPLOAD_ORDER' | 'UPLOAD_INCOMPLETE' | 'UPLOAD_BYTES_MISMATCH' | 'UPLOAD_DIGEST_MISMATCH';

/** @param field part of the upload that is wrong; @param file path of the file it belongs to, when it belongs to one. */
export const uploadRefused = (reason: UploadReason, field: string, description: string, file?: string) =>
  InvalidArgumentError.of(field, description, details(reason, file === undefined ? {} : { file }));

export const packageTooLarge = (message: string, facts: Facts): ExhaustedError =>
  new ExhaustedError(message, details('PACKAGE_TOO_LARGE', facts));

export const uploadExpired = (model: string): ConflictError =>
  new ConflictError(
    `the upload to model '${model}' took too long to be completed; start it again`,
    details('UPLOAD_EXPIRED', { model }),
  );

export const uploadsBusy = (uploadsMax: number): UnavailableError =>
  new UnavailableError(
    `${uploadsMax} uploads are in progress; try again later`,
    details('UPLOADS_BUSY', { uploads_max: uploadsMax.toString() }),
  );

type BoundReason = 'MODEL_ALIASES_MAX' | 'MODEL_APPROVALS_MAX' | 'MODEL_EVALUATIONS_MAX';

export const boundReached = (reason: BoundReason, message: string, facts: Facts): ExhaustedError =>
  new ExhaustedError(message, details(reason, facts));

export const packageFileLost = (file: string, why: string, cause?: unknown): DataLossError =>
  new DataLossError(`stored file '${file}' ${why}`, { ...details('PACKAGE_FILE_LOST', { file }), cause });
