export { formatCurve } from './format-curve.ts';
export { type Curve, type CurveOptions, type CurveRow, measureCurve, type Precision } from './measure.ts';
