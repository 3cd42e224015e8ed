import protobuf from 'protobufjs';

/** The Sparkplug B schema as far as Sluice looks, by its field numbers, for a protobuf codec that is not ours. */
const { root } = protobuf.parse(`
  syntax = "proto2";
  message Payload {
    optional uint64 timestamp = 1;
    repeated Metric metrics = 2;
    optional uint64 seq = 3;
    optional string uuid = 4;
    optional bytes body = 5;
  }
  message Metric {
    optional string name = 1;
    optional uint64 alias = 2;
    optional uint64 timestamp = 3;
    optional uint32 datatype = 4;
    optional bool isHistorical = 5;
    optional bool isTransient = 6;
    optional bool isNull = 7;
    optional bytes metadata = 8;
    optional PropertySet properties = 9;
    oneof value {
      uint32 intValue = 10;
      uint64 longValue = 11;
      float floatValue = 12;
      double doubleValue = 13;
      bool booleanValue = 14;
      string stringValue = 15;
      bytes bytesValue = 16;
    }
  }
  message PropertySet {
    repeated string keys = 1;
    repeated PropertyValue values = 2;
  }
  message PropertyValue {
    optional uint32 type = 1;
    optional bool isNull = 2;
    oneof value {
      uint32 intValue = 3;
      uint64 longValue = 4;
      float floatValue = 5;
      double doubleValue = 6;
      bool booleanValue = 7;
      string stringValue = 8;
      PropertySet propertysetValue = 9;
    }
  }
`);

const PayloadType = root.lookupType('Payload');

/** As protobufjs reads the bytes: 64-bit integers as decimal text, only what is on the wire. */
// biome-ignore lint/suspicious/noExplicitAny: the shape is the schema above
export function oracleDecode(bytes: Uint8Array): any {
  return PayloadType.toObject(PayloadType.decode(bytes), { longs: String });
}

/** 64-bit integers may be given as decimal text. */
export function oracleEncode(payload: object): Uint8Array {
  return PayloadType.encode(PayloadType.fromObject(payload)).finish();
}
