import { slope, squash } from "./activations";
import { get, put, show } from "./lanes";
import { Recurrent, RecurrentGradient } from "./records";

/** Takes a step of a simple recurrent cell for one example, from z on: h = act(z). */
export function simpleStep(r: Recurrent, row: usize, table: usize): void {
  const bytes = <usize> r.units << 2;
  squash(r.activation, r.z + row * bytes, r.h + row * bytes, r.units, table);
}

// @ts-ignore: decorator
@inline
function simpleUnitsBack(r: RecurrentGradient, at: usize, dh: usize, whole: bool): void {
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
    simpleUnitsBack(r, row * bytes + at, dh + at, true);
  }
  for (; at < bytes; at += 4) simpleUnitsBack(r, row * bytes + at, dh + at, false);
}

/**
 * Computes the operand of the kernel: r h'. A cell that resets after the product has h' U + c
 * there, which goes into z.
 */
// @ts-ignore: decorator
@inline
function resetUnits(
  r: Recurrent,
  candidate: usize,
  reset: usize,
  state: usize,
  before: usize,
  whole: bool,
): void {
  const by = get(reset, whole);
  if (r.after) {
    put(candidate, f32x4.add(get(candidate, whole), f32x4.mul(by, get(state, whole))), whole);
  } else put(state, f32x4.mul(by, get(before, whole)), whole);
}

/**
 * Computes the first half of a step of a GRU: its gates z and r, and the operand of the kernel.
 *
 * @param before Address of the units of h'.
 */
export function gruGates(r: Recurrent, row: usize, before: usize, table: usize): void {
  const gate = <usize> r.units << 2;
  const z = r.z + row * gate * 3, a = r.a + row * gate * 3, state = r.state + row * gate;
  squash(r.gate, z, a, 2 * r.units, table);
  const candidate = z + 2 * gate, reset = a + gate;
  let at: usize = 0;
  for (const end = gate & ~15; at < end; at += 16) {
    resetUnits(r, candidate + at, reset + at, state + at, before + at, true);
  }
  for (; at < gate; at += 4) {
    resetUnits(r, candidate + at, reset + at, state + at, before + at, false);
  }
}

// @ts-ignore: decorator
@inline
function stateUnits(h: usize, z: usize, candidate: usize, before: usize, whole: bool): void {
  const share = get(z, whole);
  const kept = f32x4.mul(share, get(before, whole));
  const fresh = f32x4.mul(f32x4.sub(f32x4.splat(1), share), get(candidate, whole));
  put(h, f32x4.add(kept, fresh), whole);
}

/**
 * Computes the second half, from the candidate's z on: h = z h' + (1 - z) act(z of the candidate).
 */
export function gruState(r: Recurrent, row: usize, before: usize, table: usize): void {
  const gate = <usize> r.units << 2;
  const a = r.a + row * gate * 3, h = r.h + row * gate, candidate = a + 2 * gate;
  squash(r.activation, r.z + row * gate * 3 + 2 * gate, candidate, r.units, table);
  let at: usize = 0;
  for (const end = gate & ~15; at < end; at += 16) {
    stateUnits(h + at, a + at, candidate + at, before + at, true);
  }
  for (; at < gate; at += 4) stateUnits(h + at, a + at, candidate + at, before + at, false);
}

// @ts-ignore: decorator
@inline
function stateUnitsBack(
  r: RecurrentGradient,
  gates: usize,
  units: usize,
  before: usize,
  dh: usize,
  gate: usize,
  whole: bool,
): void {
  const a = r.a + gates, dz = r.dz + gates;
  const z = get(a, whole), candidate = get(a + 2 * gate, whole);
  const total = f32x4.add(get(r.dh + units, whole), get(dh, whole));
  const dGate = f32x4.mul(total, f32x4.sub(get(before, whole), candidate));
  const dCandidate = f32x4.mul(total, f32x4.sub(f32x4.splat(1), z));
  put(dz, f32x4.mul(dGate, slope(r.gate, r.z + gates, z, whole)), whole);
  const inner = slope(r.activation, r.z + gates + 2 * gate, candidate, whole);
  put(dz + 2 * gate, f32x4.mul(dCandidate, inner), whole);
  put(dh, f32x4.mul(total, z), whole);
  show(r.da, gates, dGate, whole);
  show(r.da, gates + 2 * gate, dCandidate, whole);
}

/**
 * Goes back through the second half; `dh` is dJ/dh from the later steps, and becomes the part that
 * bypasses it.
 */
export function gruStateBack(
  r: RecurrentGradient,
  row: usize,
  before: usize,
  dh: usize,
): void {
  const gate = <usize> r.units << 2;
  const gates = row * gate * 3, units = row * gate;
  let at: usize = 0;
  for (const end = gate & ~15; at < end; at += 16) {
    stateUnitsBack(r, gates + at, units + at, before + at, dh + at, gate, true);
  }
  for (; at < gate; at += 4) {
    stateUnitsBack(r, gates + at, units + at, before + at, dh + at, gate, false);
  }
}

// @ts-ignore: decorator
@inline
function gateUnitsBack(
  r: RecurrentGradient,
  gates: usize,
  units: usize,
  before: usize,
  dh: usize,
  gate: usize,
  whole: bool,
): void {
  const reset = get(r.a + gates + gate, whole);
  const inner = r.dState + units;
  let dReset: v128;
  if (r.after) {
    const dCandidate = get(r.dz + gates + 2 * gate, whole);
    dReset = f32x4.mul(dCandidate, get(r.state + units, whole));
    put(inner, f32x4.mul(dCandidate, reset), whole);
  } else {
    const dProduct = get(inner, whole);
    dReset = f32x4.mul(dProduct, get(before, whole));
    put(dh, f32x4.add(get(dh, whole), f32x4.mul(dProduct, reset)), whole);
  }
  const dz = f32x4.mul(dReset, slope(r.gate, r.z + gates + gate, reset, whole));
  put(r.dz + gates + gate, dz, whole);
  show(r.da, gates + gate, dReset, whole);
}

/**
 * Goes back through the first half. `dState` holds dJ/d(r h') before it; if the cell resets after
 * the product it holds dJ/d(h' U + c) afterwards.
 */
export function gruGatesBack(r: RecurrentGradient, row: usize, before: usize, dh: usize): void {
  const gate = <usize> r.units << 2;
  const gates = row * gate * 3, units = row * gate;
  let at: usize = 0;
  for (const end = gate & ~15; at < end; at += 16) {
    gateUnitsBack(r, gates + at, units + at, before + at, dh + at, gate, true);
  }
  for (; at < gate; at += 4) {
    gateUnitsBack(r, gates + at, units + at, before + at, dh + at, gate, false);
  }
}

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
