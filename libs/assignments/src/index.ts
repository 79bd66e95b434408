export { AssignmentSigner } from './assignment-signer.ts';
export { AssignmentVerifier, type AssignmentVerifierOptions } from './assignment-verifier.ts';
export { type AssignedDeployment, type AssignmentClaims, type AssignmentKey } from './claims.ts';
export { TOKEN_CHARACTERS_MAX } from './token-form.ts';
export { unitHash, unitHasher, type UnitKey } from './unit-hash.ts';
