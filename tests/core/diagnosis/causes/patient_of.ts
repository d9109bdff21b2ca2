import type { Patient } from "../../../../src/core/diagnosis/diagnosis.ts";
import type { Measurements } from "../../../../src/core/measure/measurements.ts";
import type { Finding } from "../../../../src/core/rules/finding.ts";
import { networkOf } from "../../../../src/core/rules/network/network.ts";

/** Returns the input of a search for causes: measurements, and what rules found in them. */
export function patientOf(measurements: Measurements, findings: Finding[] = []): Patient {
  return { measurements, network: networkOf(measurements), findings };
}
