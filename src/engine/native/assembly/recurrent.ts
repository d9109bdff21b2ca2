import { TABLE, fillTable } from "./activations";
import {
  gruGates,
  gruGatesBack,
  gruState,
  gruStateBack,
  lstmStep,
  lstmStepBack,
  simpleStep,
  simpleStepBack,
} from "./cells";
import { ADD } from "./flags";
import { GEMM_SCRATCH, packWhole, packedBytes, packedGemm } from "./gemm";
import { Recurrent, RecurrentGradient, RecurrentPanels } from "./records";
import { addRun, clearRun, copyRun } from "./runs";
import { LOW_ROWS } from "./tile";

/** Kinds of cells. */
const enum Cell {
  simple,
  gru,
  lstm,
}

/**
 * Examples that go through the sequence together: the kernel comes from the L2 cache once for all
 * of them.
 */
const BLOCK: i32 = 5 * LOW_ROWS;

/** Returns the bytes of scratch that a sequence needs. */
export function recurrentScratch(): i32 {
  return GEMM_SCRATCH + TABLE;
}

// @ts-ignore: decorator
@inline
function gatesOf(cell: i32): i32 {
  return cell == Cell.lstm ? 4 : cell == Cell.gru ? 3 : 1;
}

/**
 * Returns the columns of the product of h and the kernel; a GRU multiplies its candidate's
 * separately.
 */
// @ts-ignore: decorator
@inline
function columnsOf(cell: i32, units: i32): i32 {
  return cell == Cell.gru ? 2 * units : gatesOf(cell) * units;
}

/**
 * Returns the bytes of the panels of h U, or on the way back of dz U^T; those of a candidate
 * follow.
 */
// @ts-ignore: decorator
@inline
function firstBytes(cell: i32, units: i32, isBack: bool): usize {
  const columns = columnsOf(cell, units);
  return isBack ? packedBytes(units, columns) : packedBytes(columns, units);
}

/** Returns the bytes that `packKernel` needs. */
export function recurrentPanelBytes(cell: i32, units: i32, isBack: bool): usize {
  return firstBytes(cell, units, isBack) + (cell == Cell.gru ? packedBytes(units, units) : 0);
}

/** Packs the kernel of a cell for all the steps of a sequence. */
export function packKernel(r: RecurrentPanels): void {
  const unit = <usize> r.units << 2, row = unit * gatesOf(r.cell);
  const columns = columnsOf(r.cell, r.units), isBack = r.isBack != 0;
  const candidate = r.kernel + 2 * unit, after = r.panels + firstBytes(r.cell, r.units, isBack);
  if (isBack) {
    packWhole(r.kernel, 4, row, r.units, columns, r.panels);
    if (r.cell == Cell.gru) packWhole(candidate, 4, row, r.units, r.units, after);
  } else {
    packWhole(r.kernel, row, 4, columns, r.units, r.panels);
    if (r.cell == Cell.gru) packWhole(candidate, row, 4, r.units, r.units, after);
  }
}

/** Returns true if a step of an example is padding, which leaves the state as it is. */
// @ts-ignore: decorator
@inline
function isPadding(mask: usize, at: usize): bool {
  return mask != 0 && load<f32>(mask + (at << 2)) == 0;
}

/**
 * Returns the address of c before a step: that of the last step without padding, or the initial
 * one.
 */
function carriedState(
  mask: usize,
  state: usize,
  c0: usize,
  example: usize,
  steps: usize,
  step: usize,
  unit: usize,
): usize {
  while (step > 0) {
    step--;
    const at = example * steps + step;
    if (!isPadding(mask, at)) return state + at * unit;
  }
  return c0 + example * unit;
}

/**
 * Runs a recurrent layer over its sequence, for some examples. Arrays are [examples, steps,
 * columns]; z holds x W + b of all steps before, and z of every gate after.
 */
export function recurrent(r: Recurrent, from: i32, end: i32, scratch: usize): void {
  const table = scratch + <usize> GEMM_SCRATCH;
  fillTable(table);
  const unit = <usize> r.units << 2;
  const row = unit * gatesOf(r.cell), columns = columnsOf(r.cell, r.units);
  const candidate = r.panels + firstBytes(r.cell, r.units, false);
  const steps = <usize> r.steps;
  for (let first = from; first < end; first += BLOCK) {
    const rows = min(BLOCK, end - first);
    for (let t: usize = 0; t < steps; t++) {
      const place = <usize> first * steps + t;
      const z = r.z + place * row, zRow = steps * row;
      const stateRow = steps * unit;
      const h = t ? r.h + (place - 1) * unit : r.h0 + <usize> first * unit;
      const hRow = t ? stateRow : unit;
      const state = r.state + place * unit;
      packedGemm(h, hRow, r.panels, z, zRow, rows, columns, r.units, 0, ADD, scratch);
      if (r.cell == Cell.gru && r.after) {
        packedGemm(h, hRow, candidate, state, stateRow, rows, r.units, r.units, r.bias, 0, scratch);
      }
      for (let i: usize = 0; i < <usize> rows; i++) {
        const at = place + i * steps, before = h + i * hRow;
        if (r.cell == Cell.simple) simpleStep(r, at, table);
        else if (r.cell == Cell.gru) gruGates(r, at, before, table);
        else {
          const example = <usize> first + i;
          lstmStep(r, at, carriedState(r.mask, r.state, r.c0, example, steps, t, unit), table);
        }
        if (r.cell != Cell.gru && isPadding(r.mask, at)) {
          copyRun(before, r.h + at * unit, r.units);
        }
      }
      if (r.cell != Cell.gru) continue;
      if (!r.after) {
        packedGemm(
          state, stateRow, candidate, z + 2 * unit, zRow, rows, r.units, r.units, 0, ADD, scratch,
        );
      }
      for (let i: usize = 0; i < <usize> rows; i++) {
        const at = place + i * steps, before = h + i * hRow;
        gruState(r, at, before, table);
        if (isPadding(r.mask, at)) copyRun(before, r.h + at * unit, r.units);
      }
    }
    if (!r.last) continue;
    for (let example = <usize> first; example < <usize> (first + rows); example++) {
      const c = carriedState(r.mask, r.state, r.c0, example, steps, steps, unit);
      copyRun(c, r.last + example * unit, r.units);
    }
  }
}

/**
 * Goes back through padding: dJ/dh passes unchanged, and nothing inside the cell has a gradient.
 */
function passBack(r: RecurrentGradient, at: usize, gates: i32, dh: usize): void {
  const units = at * (<usize> r.units << 2), columns = units * gates;
  addRun(r.dh + units, dh, r.units);
  clearRun(r.dz + columns, gates * r.units);
  if (r.da) clearRun(r.da + columns, gates * r.units);
  if (r.dState) clearRun(r.dState + units, r.units);
  if (r.dActive) clearRun(r.dActive + units, r.units);
}

/**
 * Goes back from dJ/dh of all steps to dJ/dz of all gates, and to h' of every step, from
 * which the gradient of the kernel is computed. `dh0` and `dc0` carry the gradients from one step to the
 * one before.
 */
export function recurrentGradient(
  r: RecurrentGradient,
  from: i32,
  end: i32,
  scratch: usize,
): void {
  const unit = <usize> r.units << 2;
  const gates = gatesOf(r.cell);
  const row = unit * gates, columns = columnsOf(r.cell, r.units);
  const candidate = r.panels + firstBytes(r.cell, r.units, true);
  const steps = <usize> r.steps;
  const stateRow = steps * unit, zRow = steps * row;
  for (let first = from; first < end; first += BLOCK) {
    const rows = min(BLOCK, end - first);
    const carried = r.dh0 + <usize> first * unit;
    for (let t: usize = steps; t-- > 0;) {
      const place = <usize> first * steps + t;
      for (let i: usize = 0; i < <usize> rows; i++) {
        const at = place + i * steps, example = (<usize> first + i) * unit;
        const before = r.before + at * unit;
        copyRun(t ? r.h + (at - 1) * unit : r.h0 + example, before, r.units);
        if (isPadding(r.mask, at)) passBack(r, at, gates, r.dh0 + example);
        else if (r.cell == Cell.simple) simpleStepBack(r, at, r.dh0 + example);
        else if (r.cell == Cell.gru) gruStateBack(r, at, before, r.dh0 + example);
        else {
          const c = carriedState(
            r.mask, r.state, r.c0, <usize> first + i, steps, t, unit,
          );
          lstmStepBack(r, at, c, r.dh0 + example, r.dc0 + example);
        }
      }
      const dz = r.dz + place * row;
      if (r.cell == Cell.gru) {
        const inner = r.dState + place * unit;
        if (!r.after) {
          packedGemm(
            dz + 2 * unit, zRow, candidate, inner, stateRow, rows, r.units, r.units, 0, 0, scratch,
          );
        }
        for (let i: usize = 0; i < <usize> rows; i++) {
          const at = place + i * steps;
          if (isPadding(r.mask, at)) continue;
          gruGatesBack(r, at, r.before + at * unit, r.dh0 + (<usize> first + i) * unit);
        }
        if (r.after) {
          packedGemm(
            inner, stateRow, candidate, carried, unit, rows, r.units, r.units, 0, ADD, scratch,
          );
        }
      }
      packedGemm(dz, zRow, r.panels, carried, unit, rows, r.units, columns, 0, ADD, scratch);
    }
  }
}
