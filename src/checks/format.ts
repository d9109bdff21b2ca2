/** A figure with three significant digits: `0.97`, `5.29e-7`, `0`, `Infinity`. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value) || value === 0) return String(value);
  const rounded = Number(value.toPrecision(3));
  const size = Math.abs(rounded);
  const plain = size >= 1e-3 && size < 1e5;
  return plain ? String(rounded) : rounded.toExponential().replace("e+", "e");
}

/** A share as a percentage: `45 %`, `99.6 %`. */
export function formatPercent(fraction: number): string {
  const percent = fraction * 100;
  // 99.97 must not print as 100: nothing but all is all.
  const rounded = Math.round(percent * 10) / 10;
  if (rounded === 100 && fraction < 1) return "> 99.9 %";
  if (rounded === 0 && fraction > 0) return "< 0.1 %";
  return `${rounded} %`;
}

/** A factor to multiply by: `1/894` where it is below 1, else `1.41`. */
export function formatFactor(factor: number): string {
  if (factor >= 1 || factor <= 0) return formatNumber(factor);
  const divisor = 1 / factor;
  return `1/${divisor >= 100 && divisor < 1e5 ? Math.round(divisor) : formatNumber(divisor)}`;
}

/** A noun with its number: `1 example`, `32 examples`. */
export function formatCount(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
