import { upperGamma } from '../sequential/gamma-function.ts';

/** P(X >= x) of the chi-square distribution. @param df degrees of freedom, at least 1. @see DLMF 8.2.4 and Abramowitz and Stegun 26.4.19. */
export const chiSquareTail = (x: number, df: number): number => upperGamma(df / 2, x / 2);
