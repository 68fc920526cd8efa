// The map: cells as an image, land as lines, earthquakes as circles; one straight scale of longitude and latitude.

// Stops of viridis and of a purple-to-orange scale: both can be told apart by colour-blind readers, and in grey.
const RISING = ["#440154", "#472d7b", "#3b528b", "#2c728e", "#21918c", "#28ae80", "#5ec962", "#addc30", "#fde725"];
const PARTED = ["#542788", "#8073ac", "#b2abd2", "#d8daeb", "#f7f7f7", "#fee0b6", "#fdb863", "#e08214", "#b35806"];

function rgb(hex) { return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)); }

function table(stops) {
  const colours = stops.map(rgb), out = [];
  for (let k = 0; k < 256; k++) {
    const at = k / 255 * (stops.length - 1), low = Math.min(Math.floor(at), stops.length - 2), share = at - low;
    out.push(colours[low].map((c, i) => Math.round(c + share * (colours[low + 1][i] - c))));
  }
  return out;
}
const TABLES = { rising: table(RISING), parted: table(PARTED) };

const MANY = 3000;  // events, from which on they are drawn dot by dot: paths would take a second
const RED = 0xff1e1ee6, WHITE = 0xffffffff;  // as the bytes of an image's dots lie, from the last to the first

function circle(context, x, y, size) {
  if (size < 2.5) { context.fillStyle = "rgba(230, 30, 30, .75)"; context.fillRect(x - size / 2, y - size / 2, size, size); return; }
  context.beginPath(); context.arc(x, y, size, 0, 6.2832);
  context.strokeStyle = "#fff"; context.lineWidth = 2.4; context.stroke();
  context.strokeStyle = "#d00"; context.lineWidth = 1.2; context.stroke();
}

// What draws circles as dots of one image, laid over the map when all are in it.
function stamper({ width, height }) {
  const ratio = window.devicePixelRatio || 1, image = new ImageData(width, height), dots = new Uint32Array(image.data.buffer);
  const shapes = new Map();
  const ring = (context, x, y, size) => {
    const half = Math.round(2 * size * ratio);
    if (!shapes.has(half)) shapes.set(half, shape(half / 2, ratio));
    const column = Math.round(x * ratio), row = Math.round(y * ratio), { offsets, colours } = shapes.get(half);
    for (let k = 0; k < colours.length; k++) {
      const across = column + offsets[2 * k], down = row + offsets[2 * k + 1];
      if (across >= 0 && across < width && down >= 0 && down < height) dots[down * width + across] = colours[k];
    }
  };
  ring.show = (context, scale) => {
    const over = new OffscreenCanvas(width, height);
    over.getContext("2d").putImageData(image, 0, 0);
    context.drawImage(over, 0, 0, scale.width, scale.height);
  };
  return ring;
}

function shape(radius, ratio) {
  const offsets = [], colours = [], reach = Math.ceil(radius + 2 * ratio), small = radius < 2.5 * ratio;
  for (let row = -reach; row <= reach; row++) {
    for (let column = -reach; column <= reach; column++) {
      const off = Math.abs(Math.hypot(row, column) - radius) / ratio;
      const colour = small ? (Math.max(Math.abs(row), Math.abs(column)) <= radius / 2 ? RED : 0) : off <= 0.6 ? RED : off <= 1.2 ? WHITE : 0;
      if (colour) { offsets.push(column, row); colours.push(colour); }
    }
  }
  return { offsets: Int32Array.from(offsets), colours: Uint32Array.from(colours) };
}

export class WorldMap {
  constructor(canvas, chosen) {
    this.canvas = canvas; this.chosen = chosen;
    this.outlines = new Path2D(); this.points = new Float32Array(0); this.image = null; this.cell = null;
    this.image_canvas = document.createElement("canvas");
    new ResizeObserver(() => this.draw()).observe(canvas);
    this.listen();
  }

  // rings of (longitude, latitude)
  set land(rings) {
    this.outlines = new Path2D();
    for (const ring of rings) ring.forEach(([lon, lat], k) => { if (k === 0) this.outlines.moveTo(lon, lat); else this.outlines.lineTo(lon, lat); });
  }

  setGrid(grid) {
    this.grid = grid;
    this.lon = grid.longitude_edges; this.lat = grid.latitude_edges;
    this.columns = this.lon.length - 1; this.rows = this.lat.length - 1;
    this.image_canvas.width = this.columns; this.image_canvas.height = this.rows;
    this.place = new Int32Array(this.columns * this.rows).fill(-1);
    grid.inside.forEach((flat, index) => { this.place[flat] = index; });
    this.showAll();
  }

  showAll() {
    const [west, east] = [this.lon[0], this.lon.at(-1)], [south, north] = [this.lat[0], this.lat.at(-1)];
    this.centre = [(west + east) / 2, (south + north) / 2];
    this.span = [(east - west) * 1.06, (north - south) * 1.06];
    this.zoom = 1; this.draw();
  }

  // values (cell of one layer) to a share of the colour table, or NaN for none
  setValues(shares, kind) {
    const context = this.image_canvas.getContext("2d");
    const image = context.createImageData(this.columns, this.rows);
    const colours = TABLES[kind];
    for (let row = 0; row < this.rows; row++) {
      for (let column = 0; column < this.columns; column++) {
        const index = this.place[row * this.columns + column];
        if (index < 0 || Number.isNaN(shares[index])) continue;
        const colour = colours[Math.max(0, Math.min(255, Math.round(shares[index] * 255)))];
        const at = 4 * ((this.rows - 1 - row) * this.columns + column);
        image.data[at] = colour[0]; image.data[at + 1] = colour[1]; image.data[at + 2] = colour[2]; image.data[at + 3] = 255;
      }
    }
    context.putImageData(image, 0, 0);
    this.image = true; this.draw();
  }

  scale() {
    const box = this.canvas.getBoundingClientRect(), shrink = Math.max(0.2, Math.cos(this.centre[1] * Math.PI / 180));
    const perLat = Math.min(box.height / this.span[1], box.width / (this.span[0] * shrink)) * this.zoom;
    return { x: perLat * shrink, y: perLat, width: box.width, height: box.height };
  }
  toScreen(lon, lat, scale) {
    return [scale.width / 2 + (lon - this.centre[0]) * scale.x, scale.height / 2 - (lat - this.centre[1]) * scale.y];
  }
  toPlace(x, y, scale) {
    return [this.centre[0] + (x - scale.width / 2) / scale.x, this.centre[1] - (y - scale.height / 2) / scale.y];
  }
  cellAt(lon, lat) {
    const first = this.lon[0], whole = this.lon.at(-1) - first > 359.9;
    if (whole) lon = first + ((lon - first) % 360 + 360) % 360;
    else for (const turn of [0, 360, -360]) if (lon + turn >= first && lon + turn < this.lon.at(-1)) lon += turn;
    const column = this.lon.findIndex((edge, k) => lon >= edge && lon < this.lon[k + 1]);
    const row = this.lat.findIndex((edge, k) => lat >= edge && lat < this.lat[k + 1]);
    return column < 0 || row < 0 ? -1 : this.place[row * this.columns + column];
  }
  boundsOf(cell) {
    const flat = this.grid.inside[cell], row = Math.floor(flat / this.columns), column = flat % this.columns;
    return [this.lon[column], this.lon[column + 1], this.lat[row], this.lat[row + 1]];
  }

  draw() {
    if (!this.grid) return;
    const ratio = window.devicePixelRatio || 1, scale = this.scale(), context = this.canvas.getContext("2d");
    const style = getComputedStyle(document.body);
    const wide = Math.floor(scale.width * ratio), high = Math.floor(scale.height * ratio);
    if (this.canvas.width !== wide || this.canvas.height !== high) { this.canvas.width = wide; this.canvas.height = high; }
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.fillStyle = style.getPropertyValue("--back"); context.fillRect(0, 0, scale.width, scale.height);
    if (this.image) {
      const [left, top] = this.toScreen(this.lon[0], this.lat.at(-1), scale);
      const [right, bottom] = this.toScreen(this.lon.at(-1), this.lat[0], scale);
      context.imageSmoothingEnabled = false;
      context.drawImage(this.image_canvas, left, top, right - left, bottom - top);
    }
    this.drawLand(context, scale, style.getPropertyValue("--ink"));
    if (this.showEvents) this.drawEvents(context, scale);
    if (this.cell !== null && this.cell >= 0) {
      const [west, east, south, north] = this.boundsOf(this.cell);
      const [left, top] = this.toScreen(west, north, scale), [right, bottom] = this.toScreen(east, south, scale);
      context.lineWidth = 4; context.strokeStyle = "#fff"; context.strokeRect(left, top, right - left, bottom - top);
      context.lineWidth = 2; context.strokeStyle = "#d00"; context.strokeRect(left, top, right - left, bottom - top);
    }
  }

  drawLand(context, scale, ink) {
    context.strokeStyle = ink; context.lineWidth = 0.8;
    for (const turn of [-360, 0, 360]) {
      const [left, top] = this.toScreen(turn, 0, scale);
      if (left + 180 * scale.x < 0 || left - 180 * scale.x > scale.width) continue;
      const path = new Path2D();
      path.addPath(this.outlines, new DOMMatrix([scale.x, 0, 0, -scale.y, left, top]));
      context.stroke(path);
    }
  }

  // points: longitude, latitude and magnitude, one after the other
  drawEvents(context, scale) {
    const middle = (this.lon[0] + this.lon.at(-1)) / 2, many = this.points.length > 3 * MANY;
    const ring = many ? stamper(this.canvas) : circle;
    for (let k = 0; k < this.points.length; k += 3) {
      const lon = this.points[k] + 360 * Math.round((middle - this.points[k]) / 360);
      const x = scale.width / 2 + (lon - this.centre[0]) * scale.x, y = scale.height / 2 - (this.points[k + 1] - this.centre[1]) * scale.y;
      if (x < -9 || y < -9 || x > scale.width + 9 || y > scale.height + 9) continue;
      ring(context, x, y, Math.max(1.2, 1.1 * (this.points[k + 2] - 1)));
    }
    if (many) ring.show(context, scale);
  }

  move(x, y) { const scale = this.scale(); this.centre = [this.centre[0] - x / scale.x, this.centre[1] + y / scale.y]; this.draw(); }
  zoomBy(factor) { this.zoom = Math.min(60, Math.max(0.6, this.zoom * factor)); this.draw(); }

  listen() {
    let from = null, moved = false;
    const place = (event) => { const box = this.canvas.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; };
    this.canvas.addEventListener("pointerdown", (event) => { from = place(event); moved = false; this.canvas.setPointerCapture(event.pointerId); });
    this.canvas.addEventListener("pointermove", (event) => {
      if (!from) return;
      const at = place(event), x = at[0] - from[0], y = at[1] - from[1];
      if (!moved && Math.hypot(x, y) < 5) return;
      moved = true; from = at; this.move(x, y);
    });
    this.canvas.addEventListener("pointerup", (event) => {
      if (from && !moved) this.choose(...this.toPlace(...place(event), this.scale()));
      from = null;
    });
    this.canvas.addEventListener("wheel", (event) => { event.preventDefault(); this.zoomBy(event.deltaY < 0 ? 1.25 : 0.8); }, { passive: false });
    this.canvas.addEventListener("keydown", (event) => {
      const steps = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };
      if (steps[event.key]) this.move(...steps[event.key]);
      else if (event.key === "+" || event.key === "=") this.zoomBy(1.25);
      else if (event.key === "-") this.zoomBy(0.8);
      else if (event.key === "0") this.showAll();
      else if (event.key === "Enter") this.choose(...this.centre);
      else return;
      event.preventDefault();
    });
  }
  choose(lon, lat) {
    const cell = this.cellAt(lon, lat);
    if (cell < 0) return;
    this.cell = cell; this.draw(); this.chosen(cell);
  }
}

export function drawLegend(canvas, low, high, kind, about) {
  const ratio = window.devicePixelRatio || 1, box = canvas.getBoundingClientRect(), context = canvas.getContext("2d");
  canvas.width = box.width * ratio; canvas.height = box.height * ratio; context.scale(ratio, ratio);
  const ink = getComputedStyle(document.body).getPropertyValue("--ink"), colours = TABLES[kind];
  for (let x = 0; x < box.width; x++) {
    context.fillStyle = `rgb(${colours[Math.min(255, Math.floor(256 * x / box.width))].join(",")})`;
    context.fillRect(x, 0, 1.5, 14);
  }
  context.fillStyle = ink; context.font = "12px system-ui, sans-serif"; context.textBaseline = "top";
  context.textAlign = "left"; context.fillText(short(low), 0, 18);
  context.textAlign = "center"; context.fillText(about, box.width / 2, 18);
  context.textAlign = "right"; context.fillText(short(high), box.width, 18);
}

export function short(value) {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1000) return Math.round(value).toLocaleString("en");
  const digits = size >= 0.00995 ? 3 : 2, rounded = Number(value.toPrecision(digits));
  if (digits === 3) return String(rounded);
  const power = Math.floor(Math.log10(Math.abs(rounded)));
  return `${Number((rounded / 10 ** power).toPrecision(2))}·10${[...String(power)].map((c) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(c)]).join("")}`;
}

// What a scale reaches over: from the second of a hundred values, at most six decades, to the highest.
export function range(values) {
  const sorted = Float32Array.from(values).sort();
  const high = Math.max(sorted.at(-1), 1e-12);
  return [Math.max(sorted[Math.floor(0.02 * sorted.length)], high / 1e6), high];
}

export function fill(table, rows) {
  table.replaceChildren(...rows.map((row, k) => {
    const line = document.createElement("tr");
    for (const text of row) { const cell = document.createElement(k === 0 && row.length > 2 ? "th" : "td"); cell.textContent = text; line.append(cell); }
    return line;
  }));
}
