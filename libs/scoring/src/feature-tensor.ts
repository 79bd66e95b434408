import { FailedPreconditionError, InvalidArgumentError } from '@slipway/kernel';
import type { Tensor } from '@slipway/plugin-kit';
import type { FeatureColumn } from './feature-column.ts';
import { fillInput } from './fill-input.ts';
import type { PlannedInput } from './prediction-plan.ts';

interface Place {
  readonly planned: PlannedInput;
  readonly column: FeatureColumn;
}

/**
 * Makes the tensor of one input from the values of its feature, see `fillInput`; a missing value is NaN where the input has one.
 * @throws {FailedPreconditionError} FEATURE_MISSING or FEATURE_INVALID, for what came from the store, naming feature and row.
 * @throws {InvalidArgumentError} the same for what the caller sent.
 */
export function featureTensor(planned: PlannedInput, column: FeatureColumn): Tensor {
  const place: Place = { planned, column };
  const { statuses } = column;
  const present = Uint8Array.from({ length: statuses.length }, (_, row) => (statuses[row] === 'PRESENT' ? 1 : 0));
  const filled = fillInput(planned.input, column.data, present);
  const fault = filled?.faults[0];
  if (fault?.kind === 'missing') throw missing(place, fault.row);
  if (!filled) throw wrongType(place);
  if (fault) throw invalid(place, fault.row, fault.description);
  return filled.tensor;
}

/** Whom to blame: the field of the request, or nobody who calls. */
const fieldOf = ({ planned: { requestName }, column }: Place): string | undefined =>
  column.field ?? (requestName === undefined ? undefined : `request_features[${requestName}]`);

function missing(place: Place, row: number): Error {
  const { planned, column } = place;
  const { input } = planned;
  const field = fieldOf(place);
  const why = `input '${input.name}' of type ${input.datatype} has no missing value`;
  if (field !== undefined) {
    const description = `row ${row} has no value, and ${why}; send one`;
    return InvalidArgumentError.of(field, description, { reason: 'FEATURE_MISSING' });
  }
  const status = column.statuses[row] ?? 'NOT_FOUND';
  return new FailedPreconditionError(`feature '${column.name}' of row ${row} is ${status}, and ${why}; materialize its view, or leave the row out`, {
    reason: 'FEATURE_MISSING',
    facts: { feature: column.name, row: `${row}`, status },
  }); // prettier-ignore
}

function wrongType(place: Place): Error {
  const { planned, column } = place;
  const { input } = planned;
  const field = fieldOf(place);
  const description = `is a column of type ${column.data.type}, which input '${input.name}' of type ${input.datatype} does not take`;
  if (field !== undefined) return InvalidArgumentError.of(field, description, { reason: 'FEATURE_INVALID' });
  return new FailedPreconditionError(
    `feature '${column.name}' ${description}; register the model with its own features`,
    {
      reason: 'FEATURE_INVALID',
      facts: { feature: column.name },
    },
  );
}

function invalid(place: Place, row: number, fault: string): Error {
  const { planned, column } = place;
  const field = fieldOf(place);
  const description = `row ${row}: ${fault}, which input '${planned.input.name}' takes`;
  if (field !== undefined) return InvalidArgumentError.of(field, description, { reason: 'FEATURE_INVALID' });
  return new FailedPreconditionError(`feature '${column.name}', ${description}`, {
    reason: 'FEATURE_INVALID',
    facts: { feature: column.name, row: `${row}` },
  });
}
