import type { Drawn } from "./data.ts";
import { width } from "./data.ts";

/**
 * Returns how well outputs answer: the share of right classes or labels, or R2 of numbers. Outputs that
 * are not numbers answer as the best constant does.
 *
 * @param half Value from which a single output says yes.
 */
export function scoreOf(outputs: Float32Array, drawn: Drawn, half = 0.5): number {
  if (!outputs.every(Number.isFinite)) return constantScore(drawn);
  const { targets, targetShape, kind } = drawn;
  if (kind === "numbers") return explained(outputs, targets, width(targetShape));
  const classes = targetShape.at(-1)!;
  if (kind === "classes" && classes > 1) return rightRows(outputs, targets, classes);
  const units = outputs.length / targets.length;
  if (units > 1) return rightIndices(outputs, targets, units);
  let right = 0;
  // A class index above 1 is right only if it is the output itself.
  const isBinary = targets.every((target) => target === 0 || target === 1);
  outputs.forEach((output, i) => {
    const isRight = isBinary
      ? output > half === targets[i] > 0.5
      : Math.round(output) === targets[i];
    right += Number(isRight);
  });
  return right / outputs.length;
}

/** Returns the score of the best constant answer. */
export function constantScore({ targets, targetShape, kind }: Drawn): number {
  if (kind === "numbers") return 0;
  const classes = targetShape.at(-1)!;
  if (kind === "labels" && classes > 1) return mostCommonLabels(targets, classes);
  const counts = new Map<number, number>();
  const rows = targets.length / classes;
  for (let i = 0; i < rows; i++) {
    const row = targets.subarray(i * classes, (i + 1) * classes);
    const answer = classes === 1 ? row[0] : row.indexOf(1);
    counts.set(answer, (counts.get(answer) ?? 0) + 1);
  }
  return Math.max(...counts.values()) / rows;
}

function mostCommonLabels(targets: Float32Array, width: number): number {
  const rows = targets.length / width;
  let right = 0;
  for (let column = 0; column < width; column++) {
    let ones = 0;
    for (let i = 0; i < rows; i++) ones += targets[i * width + column];
    right += Math.max(ones, rows - ones);
  }
  return right / targets.length;
}

function rightRows(outputs: Float32Array, targets: Float32Array, classes: number): number {
  const rows = targets.length / classes;
  const units = outputs.length / rows;
  let right = 0;
  for (let i = 0; i < rows; i++) {
    const said = largest(outputs.subarray(i * units, (i + 1) * units));
    right += Number(said === targets.subarray(i * classes, (i + 1) * classes).indexOf(1));
  }
  return right / rows;
}

function rightIndices(outputs: Float32Array, targets: Float32Array, units: number): number {
  let right = 0;
  targets.forEach((target, i) => {
    right += Number(largest(outputs.subarray(i * units, (i + 1) * units)) === target);
  });
  return right / targets.length;
}

const largest = (values: Float32Array): number =>
  values.reduce((best, value, i) => value > values[best] ? i : best, 0);

function explained(outputs: Float32Array, targets: Float32Array, width: number): number {
  const rows = targets.length / width;
  const means = new Float64Array(width);
  targets.forEach((target, i) => means[i % width] += target / rows);
  let left = 0;
  let total = 0;
  targets.forEach((target, i) => {
    left += (target - outputs[i]) ** 2;
    total += (target - means[i % width]) ** 2;
  });
  return 1 - left / total;
}
