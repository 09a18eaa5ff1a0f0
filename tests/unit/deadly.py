"""A file that the NetCDF library dies of."""

import base64
import zlib

# HDF5 whose root group has itself as a member.
CONTAINS_ITSELF = zlib.decompress(
    base64.b85decode(
        "c-rgqaB<`1lHy_j0S*oZ76t(ZWbhvffKn)Yn0x}1W`xomP<jOuOq`Jc#FT)F3qs9DR~HiG>Izc*9}U3lF<^nvsID6Y"
        "BL#T4ItGB~2q+(xo=z~Ks>{qxOiwLlV93eOFF;P04rJQP$iNCQgAvAu*v!bth?4GMG&4{h#1>SrXW)R^Y{Jc8@}C(Z"
        "&k7U;$uluAfwgcz&0}VSDu+>U&@rguA=uB~1(c&<u2f*guU>%2a$*#Wf>AI~;DbE?+E+AR"
    )
)
