import { get, put, show } from "./lanes";
import { Recurrent, RecurrentGradient } from "./records";
import { slope, squash } from "./squash";

/** Some units of one example at one step: `at` is the place of the first in a row of gates. */
// @ts-ignore: decorator
@inline
function forwardUnits(
  r: Recurrent,
  z: usize,
  a: usize,
  state: usize,
  active: usize,
  h: usize,
  before: usize,
  gate: usize,
  table: usize,
  whole: bool,
): void {
  const i = squash(r.gate, get(z, whole), table);
  const f = squash(r.gate, get(z + gate, whole), table);
  const g = squash(r.activation, get(z + 2 * gate, whole), table);
  const o = squash(r.gate, get(z + 3 * gate, whole), table);
  const c = f32x4.add(f32x4.mul(f, get(before, whole)), f32x4.mul(i, g));
  const shown = squash(r.activation, c, table);
  put(a, i, whole);
  put(a + gate, f, whole);
  put(a + 2 * gate, g, whole);
  put(a + 3 * gate, o, whole);
  put(state, c, whole);
  put(active, shown, whole);
  put(h, f32x4.mul(o, shown), whole);
}

/**
 * A step of an LSTM for one example, from z on: c = f c' + i g, h = o act(c).
 *
 * @param row The example and the step: `example * steps + step`.
 * @param before Address of the units of c'.
 */
export function lstmStep(r: Recurrent, row: usize, before: usize, table: usize): void {
  const gate = <usize> r.units << 2;
  const gates = row * gate * 4, units = row * gate;
  let at: usize = 0;
  for (const end = gate & ~15; at < end; at += 16) {
    forwardUnits(
      r, r.z + gates + at, r.a + gates + at, r.state + units + at, r.active + units + at,
      r.h + units + at, before + at, gate, table, true,
    );
  }
  for (; at < gate; at += 4) {
    forwardUnits(
      r, r.z + gates + at, r.a + gates + at, r.state + units + at, r.active + units + at,
      r.h + units + at, before + at, gate, table, false,
    );
  }
}

// @ts-ignore: decorator
@inline
function backwardUnits(
  r: RecurrentGradient,
  gates: usize,
  units: usize,
  before: usize,
  dh: usize,
  dc: usize,
  gate: usize,
  whole: bool,
): void {
  const a = r.a + gates, z = r.z + gates, dz = r.dz + gates;
  const i = get(a, whole), f = get(a + gate, whole);
  const g = get(a + 2 * gate, whole), o = get(a + 3 * gate, whole);
  const shown = get(r.active + units, whole);
  const total = f32x4.add(get(r.dh + units, whole), get(dh, whole));
  const dShown = f32x4.mul(total, o);
  const dc1 = f32x4.add(
    get(dc, whole),
    f32x4.mul(dShown, slope(r.activation, get(r.state + units, whole), shown)),
  );
  const di = f32x4.mul(dc1, g), df = f32x4.mul(dc1, get(before, whole));
  const dg = f32x4.mul(dc1, i), dO = f32x4.mul(total, shown);
  put(dz, f32x4.mul(di, slope(r.gate, get(z, whole), i)), whole);
  put(dz + gate, f32x4.mul(df, slope(r.gate, get(z + gate, whole), f)), whole);
  put(dz + 2 * gate, f32x4.mul(dg, slope(r.activation, get(z + 2 * gate, whole), g)), whole);
  put(dz + 3 * gate, f32x4.mul(dO, slope(r.gate, get(z + 3 * gate, whole), o)), whole);
  put(dc, f32x4.mul(dc1, f), whole);
  put(dh, f32x4.splat(0), whole);
  show(r.da, gates, di, whole);
  show(r.da, gates + gate, df, whole);
  show(r.da, gates + 2 * gate, dg, whole);
  show(r.da, gates + 3 * gate, dO, whole);
  show(r.dState, units, dc1, whole);
  show(r.dActive, units, dShown, whole);
}

/**
 * The way back through a step.
 *
 * @param before Address of the units of c'.
 * @param dh dJ/dh from the steps after it, which leaves 0 for the product to add to.
 * @param dc dJ/dc from the steps after it, which becomes that of c'.
 */
export function lstmStepBack(
  r: RecurrentGradient,
  row: usize,
  before: usize,
  dh: usize,
  dc: usize,
): void {
  const gate = <usize> r.units << 2;
  const gates = row * gate * 4, units = row * gate;
  let at: usize = 0;
  for (const end = gate & ~15; at < end; at += 16) {
    backwardUnits(r, gates + at, units + at, before + at, dh + at, dc + at, gate, true);
  }
  for (; at < gate; at += 4) {
    backwardUnits(r, gates + at, units + at, before + at, dh + at, dc + at, gate, false);
  }
}
