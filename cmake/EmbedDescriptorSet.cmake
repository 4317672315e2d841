# Writes the bytes of INPUT as the source file OUTPUT, which defines what interaction/NAME.h declares (DescriptorSet.cmake).
file(READ ${INPUT} hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
file(WRITE ${OUTPUT} "#include \"interaction/${NAME}.h\"

namespace interaction {

const unsigned char kDescriptorSet[] = {${bytes}};
const std::size_t kDescriptorSetSize = sizeof kDescriptorSet;

}  // namespace interaction
")
