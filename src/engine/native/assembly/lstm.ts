import { get, put, show } from "./lanes";
import { Recurrent, RecurrentGradient } from "./records";
import { slope, squash } from "./squash";

/**
 * Takes a step of an LSTM for one example, from z on: c = f c' + i g, h = o act(c).
 *
 * @param row The example and the step: `example * steps + step`.
 * @param before Address of the units of c'.
 */
export function lstmStep(r: Recurrent, row: usize, before: usize, table: usize): void {
  const units = r.units, gate = <usize> units << 2;
  const z = r.z + row * gate * 4, i = r.a + row * gate * 4;
  const f = i + gate, g = f + gate, o = g + gate;
  const c = r.state + row * gate, active = r.active + row * gate, h = r.h + row * gate;
  squash(r.gate, z, i, 2 * units, table);
  squash(r.activation, z + 2 * gate, g, units, table);
  squash(r.gate, z + 3 * gate, o, units, table);
  const whole = gate & ~15;
  let at: usize = 0;
  for (; at < whole; at += 16) nextState(c + at, f + at, before + at, i + at, g + at, true);
  for (; at < gate; at += 4) nextState(c + at, f + at, before + at, i + at, g + at, false);
  squash(r.activation, c, active, units, table);
  for (at = 0; at < whole; at += 16) multiply(h + at, o + at, active + at, true);
  for (; at < gate; at += 4) multiply(h + at, o + at, active + at, false);
}

/** Computes c = f c' + i g. */
// @ts-ignore: decorator
@inline
function nextState(c: usize, f: usize, before: usize, i: usize, g: usize, whole: bool): void {
  const kept = f32x4.mul(get(f, whole), get(before, whole));
  put(c, f32x4.add(kept, f32x4.mul(get(i, whole), get(g, whole))), whole);
}

/** Computes h = o act(c). */
// @ts-ignore: decorator
@inline
function multiply(h: usize, o: usize, active: usize, whole: bool): void {
  put(h, f32x4.mul(get(o, whole), get(active, whole)), whole);
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
    f32x4.mul(dShown, slope(r.activation, r.state + units, shown, whole)),
  );
  const di = f32x4.mul(dc1, g), df = f32x4.mul(dc1, get(before, whole));
  const dg = f32x4.mul(dc1, i), dO = f32x4.mul(total, shown);
  put(dz, f32x4.mul(di, slope(r.gate, z, i, whole)), whole);
  put(dz + gate, f32x4.mul(df, slope(r.gate, z + gate, f, whole)), whole);
  put(dz + 2 * gate, f32x4.mul(dg, slope(r.activation, z + 2 * gate, g, whole)), whole);
  put(dz + 3 * gate, f32x4.mul(dO, slope(r.gate, z + 3 * gate, o, whole)), whole);
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
 * Goes back through a step.
 *
 * @param before Address of the units of c'.
 * @param dh dJ/dh from the later steps; set to 0 for the product to add to.
 * @param dc dJ/dc from the later steps, which becomes that of c'.
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
