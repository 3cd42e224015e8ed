import { BURN_WINDOWS } from './links/burn-windows.ts';

/**
 * The quantity catalogue: what can be measured, in which canonical unit, in which possible range, and what it is
 * called. A value outside the range cannot be a measurement of that quantity; agronomic bounds are thresholds,
 * which are data, and not here.
 */
export interface Quantity {
  readonly measurement: string;
  readonly field: string;
  /** Canonical unit; '' for states and counts without a unit. */
  readonly unit: string;
  readonly min: number;
  readonly max: number;
  /** `counter` only grows, until its device starts again; `state` is one of `states`; `text` is for programs to read. */
  readonly kind: 'gauge' | 'counter' | 'state' | 'text';
  readonly en: string;
  readonly zh: string;
  /** Digits after the point that are worth showing. */
  readonly decimals: number;
  readonly states?: Readonly<Record<number, { readonly en: string; readonly zh: string }>>;
  /** Roll-ups keep how its values are distributed, so that percentiles can be asked of any time (`LatencyHistogram`). */
  readonly hasPercentiles?: true;
}

type Row = [
  field: string,
  unit: string,
  min: number,
  max: number,
  decimals: number,
  en: string,
  zh: string,
  kind?: Quantity['kind'],
];

const OPEN_CLOSED = { 0: { en: 'closed', zh: '关闭' }, 1: { en: 'open', zh: '打开' } };
const OFF_ON = { 0: { en: 'off', zh: '停止' }, 1: { en: 'on', zh: '运行' } };
const ONLINE = { 0: { en: 'offline', zh: '离线' }, 1: { en: 'online', zh: '在线' } };
const NO_YES = { 0: { en: 'no', zh: '否' }, 1: { en: 'yes', zh: '是' } };

const STATES: Record<string, Quantity['states']> = {
  'irrigation/valve_state': OPEN_CLOSED,
  'irrigation/pump_state': OFF_ON,
  'irrigation/dosing_state': OFF_ON,
  'irrigation/pump_fault': NO_YES,
  'irrigation/interlock': { 0: { en: 'free', zh: '正常' }, 1: { en: 'locked', zh: '已锁定' } },
  'weather/leaf_wet': { 0: { en: 'dry', zh: '干' }, 1: { en: 'wet', zh: '湿' } },
  'gnss/fix': {
    0: { en: 'no fix', zh: '未定位' },
    1: { en: 'GNSS fix', zh: '已定位' },
    2: { en: 'differential fix', zh: '差分定位' },
    4: { en: 'RTK fixed', zh: 'RTK 固定解' },
    5: { en: 'RTK float', zh: 'RTK 浮点解' },
    6: { en: 'estimated', zh: '推算' },
  },
  'power/mains': NO_YES,
  'gateway/clock_synced': NO_YES,
  'gateway/online': ONLINE,
  'device/online': ONLINE,
  'sla/verdict': {
    0: { en: 'pass', zh: '达标' },
    1: { en: 'insufficient evidence', zh: '证据不足' },
    2: { en: 'breach', zh: '超标' },
  },
};

/** Where the slowest of a hundred says more than the mean. */
const WITH_PERCENTILES = new Set([
  'link/latency',
  'link/latency_forward',
  'link/latency_return',
  'link/jitter',
  'link/connect_time',
  'link/first_byte_time',
  'gateway/turnaround',
]);

const ROWS: Record<string, Row[]> = {
  soil: [
    ['moisture', '%', 0, 100, 1, 'Soil moisture (volumetric)', '土壤含水率（体积）'],
    ['temperature', '°C', -40, 80, 1, 'Soil temperature', '土壤温度'],
    ['ec', 'µS/cm', 0, 50_000, 0, 'Soil electrical conductivity', '土壤电导率'],
    ['ph', 'pH', 0, 14, 1, 'Soil pH', '土壤酸碱度'],
    ['nitrogen', 'mg/kg', 0, 5_000, 0, 'Available nitrogen', '速效氮'],
    ['phosphorus', 'mg/kg', 0, 5_000, 0, 'Available phosphorus', '速效磷'],
    ['potassium', 'mg/kg', 0, 5_000, 0, 'Available potassium', '速效钾'],
    ['salinity', 'mg/L', 0, 50_000, 0, 'Soil salinity', '土壤盐分'],
    ['water_potential', 'kPa', -10_000, 0, 1, 'Soil water potential', '土壤水势'],
    ['depletion', 'mm', 0, 1_000, 1, 'Root-zone depletion', '根区亏缺量'],
  ],
  weather: [
    ['air_temperature', '°C', -60, 65, 1, 'Air temperature', '气温'],
    ['humidity', '%', 0, 100, 0, 'Relative humidity', '相对湿度'],
    ['pressure', 'hPa', 300, 1_150, 1, 'Air pressure', '气压'],
    ['wind_speed', 'm/s', 0, 100, 1, 'Wind speed', '风速'],
    ['wind_direction', '°', 0, 360, 0, 'Wind direction', '风向'],
    ['rain', 'mm', 0, 100_000, 1, 'Rain, counted up', '累计雨量', 'counter'],
    ['rain_rate', 'mm/h', 0, 1_000, 1, 'Rain rate', '雨强'],
    ['solar_radiation', 'W/m²', 0, 2_000, 0, 'Solar radiation', '太阳辐射'],
    ['par', 'µmol/m²/s', 0, 4_000, 0, 'Photosynthetically active radiation', '光合有效辐射'],
    ['illuminance', 'lx', 0, 300_000, 0, 'Illuminance', '光照度'],
    ['co2', 'ppm', 0, 20_000, 0, 'Carbon dioxide', '二氧化碳'],
    ['pm2_5', 'µg/m³', 0, 5_000, 0, 'Particles PM2.5', '细颗粒物 PM2.5'],
    ['leaf_wetness', '%', 0, 100, 0, 'Leaf wetness', '叶面湿度'],
    ['leaf_temperature', '°C', -60, 80, 1, 'Leaf temperature', '叶面温度'],
    ['leaf_wet', '', 0, 1, 0, 'Leaf wet', '叶面是否湿润', 'state'],
    ['et0', 'mm/d', 0, 30, 2, 'Reference evapotranspiration', '参考作物蒸散量'],
  ],
  water: [
    ['level', 'm', -100, 1_000, 2, 'Water level', '水位'],
    ['temperature', '°C', -10, 100, 1, 'Water temperature', '水温'],
    ['ph', 'pH', 0, 14, 2, 'Water pH', '水体酸碱度'],
    ['ec', 'µS/cm', 0, 200_000, 0, 'Water electrical conductivity', '水体电导率'],
    ['dissolved_oxygen', 'mg/L', 0, 50, 2, 'Dissolved oxygen', '溶解氧'],
    ['turbidity', 'NTU', 0, 10_000, 1, 'Turbidity', '浊度'],
    ['ammonia_nitrogen', 'mg/L', 0, 1_000, 2, 'Ammonia nitrogen', '氨氮'],
  ],
  irrigation: [
    ['valve_state', '', 0, 1, 0, 'Valve', '阀门', 'state'],
    ['pump_state', '', 0, 1, 0, 'Pump', '水泵', 'state'],
    ['lease_remaining', 's', 0, 86_400, 0, 'Stays open for', '剩余开启时间'],
    ['interlock', '', 0, 1, 0, 'Safety lock', '安全联锁', 'state'],
    ['pump_frequency', 'Hz', 0, 400, 1, 'Pump drive frequency', '水泵频率'],
    ['pump_frequency_setpoint', 'Hz', 0, 400, 1, 'Pump drive set-point', '水泵频率设定值'],
    ['pump_fault', '', 0, 1, 0, 'Pump drive has a fault', '水泵故障', 'state'],
    ['pump_fault_code', '', 0, 65_535, 0, 'Pump drive fault code', '水泵故障代码'],
    // Water runs back, and a meter without any shows a little of either sign.
    ['flow', 'L/min', -100_000, 100_000, 1, 'Flow', '流量'],
    ['volume', 'm³', 0, 1e9, 3, 'Water used, counted up', '累计用水量', 'counter'],
    ['pressure', 'kPa', -100, 10_000, 0, 'Line pressure', '管道压力'],
    ['tank_level', '%', 0, 100, 0, 'Tank level', '水箱液位'],
    ['dose_ec', 'µS/cm', 0, 50_000, 0, 'Fertigation EC', '水肥电导率'],
    ['dose_ph', 'pH', 0, 14, 2, 'Fertigation pH', '水肥酸碱度'],
    ['dosing_state', '', 0, 1, 0, 'Dosing', '水肥投加', 'state'],
    ['dose_ec_setpoint', 'µS/cm', 0, 50_000, 0, 'Fertigation EC set-point', '水肥电导率设定值'],
    ['dose_ph_setpoint', 'pH', 0, 14, 2, 'Fertigation pH set-point', '水肥酸碱度设定值'],
    ['current', 'A', 0, 2_000, 1, 'Motor current', '电机电流'],
  ],
  vegetation: [['ndvi', '', -1, 1, 2, 'Vegetation index (NDVI)', '植被指数（NDVI）']],
  gnss: [
    ['latitude', '°', -90, 90, 6, 'Latitude', '纬度'],
    ['longitude', '°', -180, 180, 6, 'Longitude', '经度'],
    ['altitude', 'm', -500, 20_000, 1, 'Altitude', '海拔'],
    ['speed', 'm/s', 0, 1_000, 1, 'Ground speed', '地速'],
    ['course', '°', 0, 360, 0, 'Course', '航向'],
    ['fix', '', 0, 8, 0, 'Fix quality', '定位状态', 'state'],
    ['satellites', '', 0, 200, 0, 'Satellites in use', '使用卫星数'],
    ['satellites_in_view', '', 0, 200, 0, 'Satellites in view', '可见卫星数'],
    ['hdop', '', 0, 100, 1, 'Horizontal dilution of precision', '水平精度因子'],
  ],
  link: [
    // Of the probes of one record: the median where nothing else is said.
    ['latency', 'ms', 0, 60_000, 2, 'Round-trip latency', '往返时延'],
    ['latency_p95', 'ms', 0, 60_000, 2, 'Round-trip latency, 95th percentile', '往返时延（95 分位）'],
    ['latency_p99', 'ms', 0, 60_000, 2, 'Round-trip latency, 99th percentile', '往返时延（99 分位）'],
    ['latency_forward', 'ms', -60_000, 60_000, 2, 'One-way latency, forward', '单向时延（去程）'],
    ['latency_return', 'ms', -60_000, 60_000, 2, 'One-way latency, return', '单向时延（回程）'],
    ['latency_error', 'ms', 0, 1e9, 2, 'Error bound of one-way latency', '单向时延误差上限'],
    ['loss', '1', 0, 1, 5, 'Loss', '丢包率'],
    ['loss_forward', '1', 0, 1, 5, 'Loss, forward', '丢包率（去程）'],
    ['loss_return', '1', 0, 1, 5, 'Loss, return', '丢包率（回程）'],
    ['jitter', 'ms', 0, 60_000, 2, 'Jitter (RFC 3550)', '抖动（RFC 3550）'],
    ['variation', 'ms', 0, 60_000, 2, 'Delay variation, 95th percentile', '时延变化（95 分位）'],
    ['connect_time', 'ms', 0, 60_000, 2, 'Time to connect', '建连时间'],
    ['first_byte_time', 'ms', 0, 60_000, 2, 'Time to first byte', '首字节时间'],
    ['scheduled', '', 0, 1e9, 0, 'Probes scheduled', '计划探测数'],
    ['received', '', 0, 1e9, 0, 'Probes answered', '应答探测数'],
    ['lost', '', 0, 1e9, 0, 'Probes lost', '丢失探测数'],
    ['late', '', 0, 1e9, 0, 'Probes answered too late', '迟到探测数'],
    ['not_sent', '', 0, 1e9, 0, 'Probes not sent', '未发送探测数'],
    ['invalid', '', 0, 1e9, 0, 'Probes that say nothing of the link', '无效探测数'],
    ['duplicates', '', 0, 1e9, 0, 'Answers that came twice', '重复应答数'],
    ['reordered', '', 0, 1e9, 0, 'Answers out of order', '乱序应答数'],
    ['ttl', '', 0, 255, 0, 'Hops left on arrival', '到达时剩余跳数'],
    ['path_changes', '', 0, 1e9, 0, 'Changes of path', '路径变化次数'],
    ['evidence', '', 0, 0, 0, 'Evidence of the probes', '探测证据', 'text'],
  ],
  power: [
    ['battery_voltage', 'V', 0, 1_000, 2, 'Battery voltage', '电池电压'],
    ['battery_level', '%', 0, 100, 0, 'Battery level', '电池电量'],
    ['solar_voltage', 'V', 0, 1_000, 1, 'Solar panel voltage', '光伏电压'],
    ['energy', 'kWh', 0, 1e9, 1, 'Energy used, counted up', '累计用电量', 'counter'],
    ['mains', '', 0, 1, 0, 'Mains present', '市电', 'state'],
  ],
  radio: [
    ['signal', 'dBm', -160, 0, 0, 'Radio signal of the device', '设备无线信号强度'],
    ['bytes_received', 'B', 0, 1e15, 0, 'Bytes from the device, counted up', '来自设备的字节累计', 'counter'],
    ['bytes_sent', 'B', 0, 1e15, 0, 'Bytes to the device, counted up', '发往设备的字节累计', 'counter'],
    ['bytes_per_reading', 'B', 0, 1e9, 0, 'Bytes on the air per reading', '每个读数的空中字节数'],
  ],
  gateway: [
    ['cpu', '%', 0, 100, 0, 'Processor load', '处理器负载'],
    ['memory', '%', 0, 100, 0, 'Memory in use', '内存占用'],
    ['process_memory', 'MB', 0, 1e6, 0, 'Memory of the gateway program', '网关程序内存'],
    ['disk', '%', 0, 100, 0, 'Disk in use', '磁盘占用'],
    ['temperature', '°C', -60, 150, 0, 'Gateway temperature', '网关温度'],
    ['signal', 'dBm', -160, 0, 0, 'Radio signal', '无线信号强度'],
    ['clock_offset', 'ms', -1e12, 1e12, 0, 'Clock offset', '时钟偏差'],
    ['clock_synced', '', 0, 1, 0, 'Clock synchronised', '时钟已同步', 'state'],
    ['backlog', '', 0, 1e12, 0, 'Readings waiting to be sent', '待发送读数'],
    ['dropped', '', 0, 1e15, 0, 'Readings dropped, counted up', '丢弃读数累计', 'counter'],
    ['bus_load', '%', 0, 100, 0, 'Serial bus load', '串行总线负载'],
    ['bus_errors', '', 0, 1e15, 0, 'Serial bus errors, counted up', '串行总线错误累计', 'counter'],
    ['bus_timeouts', '', 0, 1e15, 0, 'Serial bus timeouts, counted up', '串行总线超时累计', 'counter'],
    [
      'bus_retries',
      '',
      0,
      1e15,
      0,
      'Serial bus requests asked again, counted up',
      '串行总线重发累计',
      'counter',
    ],
    [
      'bus_crc_errors',
      '',
      0,
      1e15,
      0,
      'Serial bus checksum errors, counted up',
      '串行总线校验错误累计',
      'counter',
    ],
    ['turnaround', 'ms', 0, 60_000, 1, 'Device turnaround time', '设备应答时间'],
    // From here on written by ingest itself, and so is all that follows.
    ['online', '', 0, 1, 0, 'Gateway', '网关', 'state'],
    ['away', 's', 0, 1e10, 0, 'Away for', '离线时长'],
    ['completeness', '%', 0, 100, 2, 'Readings stored, of a day', '一天内已入库读数占比'],
    ['missing', '', 0, 1e15, 0, 'Readings missing, of a day', '一天内缺失读数'],
  ],
  device: [
    ['online', '', 0, 1, 0, 'Device', '设备', 'state'],
    ['silent', 's', 0, 1e10, 0, 'Last heard of, ago', '距上次上报'],
  ],
  pipeline: [
    ['received', '', 0, 1e15, 0, 'Readings received, counted up', '接收读数累计', 'counter'],
    ['stored', '', 0, 1e15, 0, 'Readings stored, counted up', '入库读数累计', 'counter'],
    ['rejected', '', 0, 1e15, 0, 'Readings refused, counted up', '拒收读数累计', 'counter'],
    ['dropped', '', 0, 1e15, 0, 'Readings given up, counted up', '放弃读数累计', 'counter'],
    ['repeated', '', 0, 1e15, 0, 'Readings that came again, counted up', '重复读数累计', 'counter'],
    ['deferred', '', 0, 1e15, 0, 'Readings put off, counted up', '暂缓读数累计', 'counter'],
    ['in_flight', '', 0, 1e15, 0, 'Readings on their way to the store', '待入库读数'],
    ['letters', '', 0, 1e15, 0, 'Refused readings kept for a look', '留待处理的拒收读数'],
  ],
  sla: [
    ['probes', '', 0, 1e9, 0, 'Probes of the last hour', '近一小时探测数'],
    ['loss', '1', 0, 1, 5, 'Loss over the last hour', '近一小时丢包率'],
    ['slow', '1', 0, 1, 4, 'Share slower than the objective, last hour', '近一小时超时延目标占比'],
    ['verdict', '', 0, 2, 0, 'Verdict on the last hour', '近一小时判定', 'state'],
    ...burnRows('loss', 'Loss budget', '丢包预算'),
    ...burnRows('latency', 'Latency budget', '时延预算'),
    ['loss_spent', '1', 0, 1e9, 3, 'Loss budget of 30 days used', '30 天丢包预算已用'],
    ['latency_spent', '1', 0, 1e9, 3, 'Latency budget of 30 days used', '30 天时延预算已用'],
  ],
};

function burnRows(kind: string, en: string, zh: string): Row[] {
  return Object.keys(BURN_WINDOWS).map((window) => [
    `${kind}_burn_${window}`,
    'x',
    0,
    1e9,
    1,
    `${en} burns at, over ${window}`,
    `${zh}消耗速率（${window}）`,
  ]);
}

export const QUANTITIES: readonly Quantity[] = Object.freeze(
  Object.entries(ROWS).flatMap(([measurement, rows]) =>
    rows.map(([field, unit, min, max, decimals, en, zh, kind = 'gauge']): Quantity => {
      const states = STATES[`${measurement}/${field}`];
      const quantity = { measurement, field, unit, min, max, kind, en, zh, decimals };
      const hasPercentiles = WITH_PERCENTILES.has(`${measurement}/${field}`);
      return Object.freeze({
        ...quantity,
        ...(states && { states }),
        ...(hasPercentiles && { hasPercentiles }),
      });
    }),
  ),
);

const byName = new Map(QUANTITIES.map((one) => [`${one.measurement}/${one.field}`, one]));

export function findQuantity(measurement: string, field: string): Quantity | undefined {
  return byName.get(`${measurement}/${field}`);
}
