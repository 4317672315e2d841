//! Writes the code of the proto into a folder, for which it needs protoc. Users of the crate do not: the code is committed.
//!
//! usage: interaction-gateway-generator FOLDER_OF_THE_PROTO FOLDER_OF_THE_CODE

fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, proto, output] = &arguments[..] else {
        eprintln!("usage: interaction-gateway-generator FOLDER_OF_THE_PROTO FOLDER_OF_THE_CODE");
        std::process::exit(2);
    };
    tonic_prost_build::configure()
        .build_server(false)
        .out_dir(output)
        .compile_protos(&["interaction/v1/interaction_service.proto"], &[proto.as_str()])
}
