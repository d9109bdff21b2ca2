import { get, put, show } from "./lanes";
import { Recurrent, RecurrentGradient } from "./records";
import { slope, squash } from "./squash";

/** Takes a step of a simple recurrent cell for one example, from z on: h = act(z). */
export function simpleStep(r: Recurrent, row: usize, table: usize): void {
  const bytes = <usize> r.units << 2;
  squash(r.activation, r.z + row * bytes, r.h + row * bytes, r.units, table);
}

// @ts-ignore: decorator
@inline
function backwardUnits(r: RecurrentGradient, at: usize, dh: usize, whole: bool): void {
  const total = f32x4.add(get(r.dh + at, whole), get(dh, whole));
  const inner = slope(r.activation, r.z + at, get(r.a + at, whole), whole);
  put(r.dz + at, f32x4.mul(total, inner), whole);
  put(dh, f32x4.splat(0), whole);
  show(r.da, at, total, whole);
}

/** Goes back through a step; `dh` is dJ/dh from the later steps, and is set to 0. */
export function simpleStepBack(r: RecurrentGradient, row: usize, dh: usize): void {
  const bytes = <usize> r.units << 2;
  let at: usize = 0;
  for (const end = bytes & ~15; at < end; at += 16) {
    backwardUnits(r, row * bytes + at, dh + at, true);
  }
  for (; at < bytes; at += 4) backwardUnits(r, row * bytes + at, dh + at, false);
}
