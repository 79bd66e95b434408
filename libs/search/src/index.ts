/** The language of searches as MLflow writes it, whatever is searched: filters, orders and what they mean. */
export * from './conditions.ts';
export { filterInvalid, orderInvalid } from './errors.ts';
export {
  CONDITIONS_MAX,
  DEPTH_MAX,
  parseExpression,
  parseField,
  parseOrderTerm,
  type ComparisonSyntax,
  type FieldSyntax,
  type LiteralSyntax,
  type Operator,
} from './syntax.ts';
export { integerTest, numberTest, textTest, type Allowed } from './tests.ts';
export { TokenReader, type Refuse } from './tokens.ts';
