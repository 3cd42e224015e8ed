/** Terms of the continued fraction: those of two parameters of 1e9 each at their mean are about a tenth of this. */
const MOST_TERMS = 1_000_000;
const TINY = 1e-300;
const EPSILON = 1e-15;
const HALF_LN_2_PI = 0.5 * Math.log(2 * Math.PI);

/**
 * I_x(a, b), the regularised incomplete beta function, for a and b above zero: by its continued fraction (DLMF 8.17.22, with
 * the method of Lentz), on the side of the mean where that converges. Its factor x^a·(1 − x)^b / B(a, b) is made from deviances
 * (Loader 2000), so that nothing large is subtracted from something as large: it has 12 digits also where a + b is 1e9.
 */
export function regularisedBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const factor = powers(x, a, b);
  return x < (a + 1) / (a + b + 2)
    ? (factor * continuedFraction(x, a, b)) / a
    : 1 - (factor * continuedFraction(1 - x, b, a)) / b;
}

/** x^a·(1 − x)^b / B(a, b) */
function powers(x: number, a: number, b: number): number {
  const n = a + b;
  const exponent =
    stirlingRest(n) - stirlingRest(a) - stirlingRest(b) - deviance(a, n * x) - deviance(b, n * (1 - x));
  return Math.sqrt((a * b) / (2 * Math.PI * n)) * Math.exp(exponent);
}

/** value·ln(value / mean) + mean − value, also where the two are close to each other. */
function deviance(value: number, mean: number): number {
  const difference = value - mean;
  const ratio = difference / (value + mean);
  if (Math.abs(ratio) > 0.1) return value * Math.log(value / mean) - difference;
  // 2·atanh(ratio) = ln(value / mean), as a series; its first term goes with the difference.
  let sum = difference * ratio;
  let term = 2 * value * ratio;
  for (let k = 3; ; k += 2) {
    term *= ratio * ratio;
    const next = sum + term / k;
    if (next === sum) return sum;
    sum = next;
  }
}

/** ln Γ(z) less Stirling's formula for it (DLMF 5.11.1). */
function stirlingRest(z: number): number {
  if (z < 16) {
    let shift = 0;
    let raised = z;
    for (; raised < 16; raised++) shift += Math.log(raised);
    return stirlingRest(raised) + stirling(raised) - stirling(z) - shift;
  }
  const square = 1 / (z * z);
  return (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square / 1188)))) / z;
}

function stirling(z: number): number {
  return (z - 0.5) * Math.log(z) - z + HALF_LN_2_PI;
}

function continuedFraction(x: number, a: number, b: number): number {
  let c = 1;
  let d = 1 / notZero(1 - ((a + b) * x) / (a + 1));
  let value = d;
  for (let m = 1; m < MOST_TERMS; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / notZero(1 + even * d);
    c = notZero(1 + even / c);
    value *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / notZero(1 + odd * d);
    c = notZero(1 + odd / c);
    const step = d * c;
    value *= step;
    if (Math.abs(step - 1) < EPSILON) break;
  }
  return value;
}

function notZero(value: number): number {
  return Math.abs(value) < TINY ? TINY : value;
}
