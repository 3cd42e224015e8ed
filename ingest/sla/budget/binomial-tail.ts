/**
 * How likely `atLeast` or more of `of` are bad by chance where each is with probability `share`: the exact binomial tail. Below
 * 1 − confidence it says what the lower bound of the exact (Clopper–Pearson) interval being above `share` says.
 */
export function binomialTail(atLeast: number, of: number, share: number): number {
  if (atLeast <= 0) return 1;
  if (atLeast > of || share <= 0) return 0;
  if (share >= 1) return 1;
  // Below the mean most of the weight is above: no term is small enough to begin with, and nobody asks how close to 1 it is.
  if (atLeast <= of * share) return 1;
  let term = Math.exp(
    logFactorial(of) -
      logFactorial(atLeast) -
      logFactorial(of - atLeast) +
      atLeast * Math.log(share) +
      (of - atLeast) * Math.log1p(-share),
  );
  let sum = 0;
  for (let k = atLeast; k <= of && term > sum * 1e-12; k++) {
    sum += term;
    term *= ((of - k) / (k + 1)) * (share / (1 - share));
  }
  return Math.min(1, sum);
}

/** Stirling's series, exact to 1e-10 from ten on; below by counting. */
function logFactorial(n: number): number {
  if (n < 10) {
    let product = 1;
    for (let k = 2; k <= n; k++) product *= k;
    return Math.log(product);
  }
  const x = n + 1;
  return (
    (x - 0.5) * Math.log(x) -
    x +
    0.5 * Math.log(2 * Math.PI) +
    1 / (12 * x) -
    1 / (360 * x ** 3) +
    1 / (1260 * x ** 5)
  );
}
