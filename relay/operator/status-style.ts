/** The status page's looks: the window's tokens (renderer/tokens.css), as far as this page needs them. */

export const STATUS_STYLE = `
:root{color-scheme:light dark;
--surface:light-dark(oklch(0.992 0.002 325),oklch(0.215 0.008 325));
--surface-sunken:light-dark(oklch(0.962 0.004 325),oklch(0.178 0.008 325));
--surface-raised:light-dark(oklch(1 0 0),oklch(0.262 0.010 325));
--line:light-dark(oklch(0.905 0.005 325),oklch(0.350 0.009 325));
--text:light-dark(oklch(0.235 0.014 325),oklch(0.950 0.004 325));
--text-muted:light-dark(oklch(0.480 0.014 325),oklch(0.745 0.010 325));
--accent:light-dark(oklch(0.440 0.155 325),oklch(0.720 0.140 325));
--accent-text:light-dark(oklch(0.440 0.155 325),oklch(0.800 0.110 325));
--accent-soft:light-dark(oklch(0.935 0.026 325),oklch(0.310 0.055 325));
--focus-ring:light-dark(oklch(0.520 0.190 325),oklch(0.800 0.130 325));
--danger:light-dark(oklch(0.540 0.205 27),oklch(0.680 0.180 27));
--danger-text:light-dark(oklch(0.500 0.190 27),oklch(0.780 0.120 27));
--danger-soft:light-dark(oklch(0.955 0.020 27),oklch(0.290 0.050 27));
--live:light-dark(oklch(0.580 0.135 155),oklch(0.800 0.130 155));
--warning-soft:light-dark(oklch(0.950 0.035 85),oklch(0.305 0.035 85));
--warning-text:light-dark(oklch(0.420 0.080 75),oklch(0.880 0.085 85));
--elevation:light-dark(0 1px 2px oklch(0.2 0.02 325/0.10),0 1px 2px oklch(0 0 0/0.35));
--font:-apple-system,"Segoe UI Variable Text","Segoe UI","Inter","Noto Sans",system-ui,sans-serif}
@media (prefers-contrast:more){:root{
--surface-sunken:light-dark(oklch(1 0 0),oklch(0 0 0));--surface-raised:light-dark(oklch(1 0 0),oklch(0.13 0 0));
--line:light-dark(oklch(0.45 0 0),oklch(0.68 0 0));--text:light-dark(oklch(0 0 0),oklch(1 0 0));
--text-muted:light-dark(oklch(0.30 0 0),oklch(0.90 0 0))}}
*{box-sizing:border-box;margin:0}
body{background:var(--surface-sunken);color:var(--text);font:400 14px/20px var(--font);padding:24px}
main,.top,footer{max-width:1200px;margin-inline:auto}
h1{font:600 18px/24px var(--font)}
h2{font:600 15px/20px var(--font)}
a,summary{color:var(--accent-text)}
a:focus-visible,summary:focus-visible{outline:2px solid var(--focus-ring);outline-offset:2px;border-radius:4px}
.top{display:flex;flex-wrap:wrap;align-items:center;gap:8px 16px;margin-bottom:20px}
.top .muted{margin-inline-end:auto}
.muted,.note,.words,footer{color:var(--text-muted);font:400 13px/18px var(--font)}
.state{display:inline-flex;align-items:center;gap:8px;padding:4px 12px;border-radius:999px;background:var(--surface-raised);box-shadow:var(--elevation);font:500 13px/20px var(--font)}
.state::before{content:"";width:8px;height:8px;border-radius:999px;background:var(--live)}
.state.draining,.state.starting{background:var(--warning-soft);color:var(--warning-text)}
.state.draining::before,.state.starting::before{background:currentColor}
.notice{background:var(--danger-soft);color:var(--danger-text);border-radius:12px;padding:12px 16px;margin-bottom:16px}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(160px,1fr));gap:12px;margin-bottom:16px}
.tile,.card{background:var(--surface-raised);border-radius:12px;box-shadow:var(--elevation);padding:16px}
.tile dt{color:var(--text-muted);font:400 13px/18px var(--font)}
.tile dd{font:600 20px/28px var(--font);font-variant-numeric:tabular-nums}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,440px),1fr));gap:16px}
.card header{display:grid;grid-template-columns:1fr auto;column-gap:16px;margin-bottom:12px}
.card .now{grid-column:2;grid-row:1/3;align-self:center;font:600 18px/24px var(--font);font-variant-numeric:tabular-nums}
.plot{display:grid;grid-template-columns:auto 1fr;column-gap:8px}
.axis-y{display:flex;flex-direction:column;justify-content:space-between;text-align:end;margin-block:-8px;min-width:48px}
.axis-y,.axis-x{color:var(--text-muted);font:400 11px/16px var(--font);font-variant-numeric:tabular-nums}
.axis-x{grid-column:2;display:flex;justify-content:space-between;margin-top:8px}
svg{display:block;width:100%;height:132px;overflow:visible}
.grid{stroke:var(--line);stroke-width:1;vector-effect:non-scaling-stroke}
.bar{fill:var(--accent)}
.line{fill:none;stroke:var(--accent);stroke-width:2;stroke-linejoin:round;vector-effect:non-scaling-stroke}
.area{fill:var(--accent-soft)}
.limit{stroke:var(--danger);stroke-width:1.5;stroke-dasharray:5 4;vector-effect:non-scaling-stroke}
.strip{fill:transparent}
.strip:hover{fill:color-mix(in oklab,var(--text) 10%,transparent)}
.words{margin-block:12px 8px}
details summary{cursor:pointer;font:500 13px/20px var(--font);width:fit-content}
table{border-collapse:collapse;width:100%;margin-top:8px;font-variant-numeric:tabular-nums}
caption{text-align:start;color:var(--text-muted);font:400 13px/18px var(--font);padding-bottom:4px}
th,td{text-align:start;padding:4px 0;border-top:1px solid var(--line);font-weight:400}
td{text-align:end}
thead th:last-child{text-align:end}
.wide{margin-top:16px}
footer{margin-top:20px;display:flex;flex-wrap:wrap;gap:4px 16px}
@media (max-width:520px){body{padding:16px}.axis-x span:nth-child(even){display:none}}
`
