/** Units that Grafana knows by name, of those that dashboards of machines and services use; others are mistakes here. */
export const knownUnits: ReadonlySet<string> = new Set(
  (
    'none string short percent percentunit humidity dB hex0x hex sci locale ' +
    'bytes decbytes bits decbits kbytes deckbytes mbytes decmbytes gbytes decgbytes tbytes dectbytes pbytes decpbytes ' +
    'pps binBps Bps binbps bps KiBs Kibits KBs Kbits MiBs Mibits MBs Mbits GiBs Gibits GBs Gbits ' +
    'dateTimeAsIso dateTimeAsLocal dateTimeFromNow ' +
    'watt kwatt megwatt gwatt mwatt watth kwatth joule amp volt celsius fahrenheit kelvin ' +
    'hertz ns µs ms s m h d dtdurationms dtdurations dthms timeticks clockms clocks ' +
    'cps ops reqps rps wps iops cpm opm rpm wpm mps mpm flops mflops gflops tflops ' +
    'bool bool_yes_no bool_on_off'
  ).split(' '),
);
