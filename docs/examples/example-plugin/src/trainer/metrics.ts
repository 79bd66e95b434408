/** Mean negative log likelihood of 0/1 labels. */
export function logLoss(labels: Float64Array, probabilities: Float64Array): number {
  const sum = labels.reduce((total, label, row) => {
    const probability = Math.min(1 - 1e-15, Math.max(1e-15, probabilities[row] ?? 0));
    return total - Math.log(label === 1 ? probability : 1 - probability);
  }, 0);
  return sum / labels.length;
}

/** Chance that a late row is ranked above a row in time, ties counting half. */
export function areaUnderCurve(labels: Float64Array, scores: Float64Array): number {
  const order = Array.from(scores.keys()).sort((left, right) => scores[left]! - scores[right]!);
  let positives = 0;
  let rankSum = 0;
  for (let start = 0; start < order.length;) {
    let end = start;
    while (end < order.length && scores[order[end]!] === scores[order[start]!]) end += 1;
    const rank = (start + 1 + end) / 2; // the mean rank of the tie
    for (const row of order.slice(start, end)) {
      if (labels[row] !== 1) continue;
      positives += 1;
      rankSum += rank;
    }
    start = end;
  }
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * (labels.length - positives));
}

export function regressionMetrics(target: Float64Array, predictions: Float64Array): { r2: number; rmse: number } {
  const mean = target.reduce((sum, value) => sum + value, 0) / target.length;
  const residual = target.reduce((sum, value, row) => sum + (value - (predictions[row] ?? 0)) ** 2, 0);
  const total = target.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { r2: total === 0 ? 0 : 1 - residual / total, rmse: Math.sqrt(residual / target.length) };
}
